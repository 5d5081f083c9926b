//! Counting what an instance uses, and refusing what is over its quota.
//!
//! One statement decides and counts, so that no two are ever decided on the same count. What it refused is told apart by a second
//! one that only reads.

use jiff::Timestamp;

use crate::{
    Error, Exceeded, InstanceId, Ledger, Quota, Sub, Unfit, Usage,
    database::{Row, statement},
    quota::Period,
    standing::Standing,
};

/// Counts one, if the instance (`?2`, or else the caller's own) has a subscription that allows it, and its guests may come again.
pub(crate) const COUNT: &str = "INSERT INTO counters (instance, quota, month, used, allowance)
SELECT customers.instance, ?3, ?4, 1, max(CASE ?3 WHEN 'turn' THEN turn ELSE video END) AS allowance
FROM customers JOIN entitlements ON owner = customers.sub
WHERE customers.sub = CASE WHEN ?2 IS NULL THEN ?1 ELSE (SELECT sub FROM customers WHERE instance = ?2) END
    AND (customers.sub = ?1 OR ?6 > coalesce((
        SELECT used FROM guests WHERE guests.instance = customers.instance AND guest = ?1 AND day >= ?5
    ), 0))
GROUP BY customers.instance HAVING allowance > 0
ON CONFLICT (instance, quota, month) DO UPDATE SET used = used + 1, allowance = excluded.allowance
    WHERE used < excluded.allowance
RETURNING instance, (SELECT sub FROM customers WHERE customers.instance = counters.instance), used, allowance";

/// Counts a guest, if the statement before it counted anything. Of a guest only the latest day is kept.
pub(crate) const COUNT_GUEST: &str = "INSERT INTO guests (instance, guest, day, used)
SELECT instance, ?1, ?3, 1 FROM customers WHERE instance = ?2 AND sub <> ?1 AND changes() > 0
ON CONFLICT (instance, guest) DO UPDATE SET
    used = CASE WHEN day < excluded.day THEN 1 ELSE used + 1 END, day = max(day, excluded.day)";

/// Counts a guest who uses nothing of the instance.
pub(crate) const ADMIT_GUEST: &str = "INSERT INTO guests (instance, guest, day, used)
SELECT instance, ?1, ?3, 1 FROM customers WHERE instance = ?2 AND sub <> ?1 AND ?4 > 0
    AND EXISTS (SELECT 1 FROM entitlements WHERE owner = customers.sub)
ON CONFLICT (instance, guest) DO UPDATE SET
    used = CASE WHEN day < excluded.day THEN 1 ELSE used + 1 END, day = max(day, excluded.day)
    WHERE day < excluded.day OR used < ?4
RETURNING used";

pub(crate) const GIVE_BACK: &str = "UPDATE counters SET used = used - 1 WHERE instance = ?1 AND quota = ?2 AND month = ?3 AND used > 0";
pub(crate) const GIVE_BACK_GUEST: &str = "UPDATE guests SET used = used - 1 WHERE instance = ?1 AND guest = ?2 AND day = ?3 AND used > 0";

/// How often a count is tried whose refusal nothing explains: something was given back in between.
const ATTEMPTS: usize = 3;

/// Something that was counted.
#[derive(Debug)]
pub struct Counted {
    /// What it was counted for.
    pub instance: InstanceId,
    /// Whose that is.
    pub owner: Sub,
    /// How much of the quota is used now.
    pub usage: Usage,
    /// What gives it back.
    pub receipt: Receipt,
}

/// What was counted, and when: to be given back when nothing came of it.
#[derive(Debug)]
pub struct Receipt {
    pub(crate) instance: InstanceId,
    /// The counter and the start of its month.
    pub(crate) counter: Option<(Quota, Timestamp)>,
    /// The guest and the start of their day.
    pub(crate) guest: Option<(Sub, Timestamp)>,
}

/// Somebody who may use an instance.
#[derive(Debug)]
pub struct Admitted {
    /// The instance.
    pub instance: InstanceId,
    /// Whose that is.
    pub owner: Sub,
}

/// Why something was not counted, in the order in which that is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller named no instance and has none.
    NoInstance,
    /// There is no such instance.
    UnknownInstance,
    /// No subscription of the instance gives access.
    NotEntitled,
    /// No plan of the instance allows such a file.
    Unfit(Unfit),
    /// A quota leaves no room.
    Exceeded(Exceeded),
}

impl Ledger {
    /// Counts a TURN allocation for `wanted`, or for the caller's own instance; for a guest of it also a request of their day.
    ///
    /// # Errors
    /// The database fails. Whether it counted is then unknown.
    pub async fn count_turn(
        &self,
        caller: &Sub,
        wanted: Option<&InstanceId>,
        guest_limit: u64,
        now: Timestamp,
    ) -> Result<Result<Counted, Refusal>, Error> {
        self.count(Quota::Turn, caller, wanted, guest_limit, now)
            .await
    }

    /// Counts a participant-minute, as [`count_turn`](Self::count_turn) does an allocation.
    ///
    /// # Errors
    /// The database fails. Whether it counted is then unknown.
    pub async fn count_video(
        &self,
        caller: &Sub,
        wanted: Option<&InstanceId>,
        guest_limit: u64,
        now: Timestamp,
    ) -> Result<Result<Counted, Refusal>, Error> {
        self.count(Quota::Video, caller, wanted, guest_limit, now)
            .await
    }

    /// Gives back what was counted, in the month and on the day in which that was.
    ///
    /// # Errors
    /// The database fails.
    pub async fn give_back(&self, receipt: Receipt) -> Result<(), Error> {
        let instance = receipt.instance.as_str();
        let counter = receipt
            .counter
            .map(|(quota, month)| statement!(GIVE_BACK, instance, quota.as_str(), month));
        let guest = receipt
            .guest
            .map(|(guest, day)| statement!(GIVE_BACK_GUEST, instance, guest.as_str(), day));
        let statements: Vec<_> = counter.into_iter().chain(guest).collect();
        if !statements.is_empty() {
            self.database.transaction_of(&statements).await?;
        }
        Ok(())
    }

    /// Lets somebody use what is not counted by the month: asks for the instance's subscription, and counts a request of a guest's day.
    ///
    /// # Errors
    /// The database fails.
    pub async fn admit(
        &self,
        caller: &Sub,
        wanted: Option<&InstanceId>,
        guest_limit: u64,
        now: Timestamp,
    ) -> Result<Result<Admitted, Refusal>, Error> {
        let day = Period::day_of(now);
        let (is_counted, standing) = match wanted {
            None => (false, self.standing(caller, wanted, now).await?),
            Some(wanted) => {
                let guest = statement!(
                    ADMIT_GUEST,
                    caller.as_str(),
                    wanted.as_str(),
                    day.start,
                    guest_limit,
                );
                let read = Standing::statement(caller, Some(wanted), now);
                let [counted, standing] = self.database.transaction([guest, read]).await?;
                (!counted.is_empty(), Standing::of(&standing)?)
            }
        };
        let Some(standing) = standing else {
            return Ok(Err(Refusal::of_nobody(wanted)));
        };
        let refusal = if !standing.is_entitled() {
            Some(Refusal::NotEntitled)
        } else if !is_counted && standing.owner != *caller {
            Some(Refusal::Exceeded(standing.guest_exceeded(guest_limit, now)))
        } else {
            None
        };
        Ok(match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(Admitted {
                instance: standing.instance,
                owner: standing.owner,
            }),
        })
    }

    async fn count(
        &self,
        quota: Quota,
        caller: &Sub,
        wanted: Option<&InstanceId>,
        guest_limit: u64,
        now: Timestamp,
    ) -> Result<Result<Counted, Refusal>, Error> {
        let month = Period::month_of(now);
        let day = Period::day_of(now);
        let mut attempt = 1;
        loop {
            let count = statement!(
                COUNT,
                caller.as_str(),
                wanted.map(InstanceId::as_str),
                quota.as_str(),
                month.start,
                day.start,
                guest_limit,
            );
            // Without a name it is the caller's own: there is no guest to count.
            let rows = match wanted {
                None => self.database.run(count).await?,
                Some(wanted) => {
                    let guest =
                        statement!(COUNT_GUEST, caller.as_str(), wanted.as_str(), day.start);
                    let [rows, _] = self.database.transaction([count, guest]).await?;
                    rows
                }
            };
            if let Some(row) = rows.first() {
                return counted(row, quota, caller, month, day).map(Ok);
            }
            let Some(standing) = self.standing(caller, wanted, now).await? else {
                return Ok(Err(Refusal::of_nobody(wanted)));
            };
            let exceeded = || Refusal::Exceeded(standing.exceeded(quota, now));
            let refusal = standing.refusal(quota, caller, guest_limit, 1, now);
            match refusal {
                Some(refusal) => return Ok(Err(refusal)),
                None if attempt == ATTEMPTS => return Ok(Err(exceeded())),
                None => attempt += 1,
            }
        }
    }
}

impl Refusal {
    /// There is no such customer.
    pub(crate) fn of_nobody(wanted: Option<&InstanceId>) -> Self {
        if wanted.is_some() {
            Self::UnknownInstance
        } else {
            Self::NoInstance
        }
    }
}

fn counted(
    row: &Row,
    quota: Quota,
    caller: &Sub,
    month: Period,
    day: Period,
) -> Result<Counted, Error> {
    const WHAT: &str = "a count";
    let unreadable = |_| Error::Unreadable(WHAT);
    let instance = InstanceId::new(row.text(0, WHAT)?).map_err(unreadable)?;
    let owner = Sub::new(row.text(1, WHAT)?).map_err(unreadable)?;
    let usage = Usage {
        used: row.count(2, WHAT)?,
        limit: row.count(3, WHAT)?,
        resets_at: month.end,
    };
    let guest = (owner != *caller).then(|| (caller.clone(), day.start));
    Ok(Counted {
        receipt: Receipt {
            instance: instance.clone(),
            counter: Some((quota, month.start)),
            guest,
        },
        instance,
        owner,
        usage,
    })
}
