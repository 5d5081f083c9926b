//! How an instance stands: its subscription, and what it used of its quotas.

use std::str::FromStr;

use jiff::Timestamp;

use crate::{
    Error, Exceeded, InstanceId, Ledger, Quota, Refusal, Sub, SubscriptionStatus, Usage,
    database::{Row, Statement, statement},
    quota::Period,
};

/// Everything about one instance (`?2`, or else that of `?1`). Of its subscriptions the one that gives the most, or else the latest.
pub(crate) const STANDING: &str = "SELECT customers.instance, customers.sub,
    subscriptions.status, subscriptions.lookup_key, subscriptions.current_period_end,
    (SELECT max(turn) FROM entitlements WHERE owner = customers.sub),
    (SELECT max(video) FROM entitlements WHERE owner = customers.sub),
    (SELECT max(storage) FROM entitlements WHERE owner = customers.sub),
    (SELECT used FROM counters WHERE counters.instance = customers.instance AND quota = 'turn' AND month = ?3),
    (SELECT used FROM counters WHERE counters.instance = customers.instance AND quota = 'video' AND month = ?3),
    (SELECT sum(size) FROM files WHERE files.instance = customers.instance AND held_until > ?5),
    (SELECT min(held_until) FROM files WHERE files.instance = customers.instance AND held_until > ?5),
    (SELECT used FROM guests WHERE guests.instance = customers.instance AND guest = ?1 AND day >= ?4)
FROM customers
    LEFT JOIN subscriptions ON subscriptions.owner = customers.sub
    LEFT JOIN plans ON plans.lookup_key = subscriptions.lookup_key
WHERE customers.sub = CASE WHEN ?2 IS NULL THEN ?1 ELSE (SELECT sub FROM customers WHERE instance = ?2) END
ORDER BY EXISTS (SELECT 1 FROM entitlements WHERE owner = customers.sub AND subscription = subscriptions.id) DESC,
    plans.turn DESC, plans.video DESC, plans.storage DESC, subscriptions.created DESC, subscriptions.id
LIMIT 1";

/// A customer's space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its name.
    pub id: InstanceId,
    /// Whose it is.
    pub owner: Sub,
    /// The subscription that gives the most, or else the latest; none before the first.
    pub subscription: Option<Subscription>,
    /// Whether a subscription gives access.
    pub is_entitled: bool,
    /// TURN allocations of this month.
    pub turn: Usage,
    /// Participant-minutes of this month.
    pub video: Usage,
    /// Bytes held now.
    pub storage: Usage,
}

/// A subscription, as Stripe last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// How it stands.
    pub status: SubscriptionStatus,
    /// The lookup key of its price.
    pub plan: Option<String>,
    /// Until when it is paid.
    pub current_period_end: Option<Timestamp>,
}

/// What is read of an instance, for one caller.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) instance: InstanceId,
    pub(crate) owner: Sub,
    subscription: Option<Subscription>,
    /// None without an entitlement.
    turn_limit: Option<u64>,
    video_limit: Option<u64>,
    storage_limit: Option<u64>,
    turn_used: u64,
    video_used: u64,
    storage_used: u64,
    next_release: Option<Timestamp>,
    guest_used: u64,
}

impl Ledger {
    /// How `wanted` stands, or the caller's own instance; none when there is no such instance.
    ///
    /// # Errors
    /// The database fails.
    pub async fn instance(
        &self,
        caller: &Sub,
        wanted: Option<&InstanceId>,
        now: Timestamp,
    ) -> Result<Option<Instance>, Error> {
        let standing = self.standing(caller, wanted, now).await?;
        Ok(standing.map(|standing| standing.instance(now)))
    }

    pub(crate) async fn standing(
        &self,
        caller: &Sub,
        wanted: Option<&InstanceId>,
        now: Timestamp,
    ) -> Result<Option<Standing>, Error> {
        let statement = Standing::statement(caller, wanted, now);
        Standing::of(&self.database.run(statement).await?)
    }
}

impl Standing {
    pub(crate) fn statement(
        caller: &Sub,
        wanted: Option<&InstanceId>,
        now: Timestamp,
    ) -> Statement {
        statement!(
            STANDING,
            caller.as_str(),
            wanted.map(InstanceId::as_str),
            Period::month_of(now).start,
            Period::day_of(now).start,
            now,
        )
    }

    /// Reads what [`Self::statement`] gives.
    pub(crate) fn of(rows: &[Row]) -> Result<Option<Self>, Error> {
        rows.first().map(Self::read).transpose()
    }

    fn read(row: &Row) -> Result<Self, Error> {
        const WHAT: &str = "an instance";
        let count = |column| {
            let value = row.optional_integer(column, WHAT)?;
            value
                .map(|value| u64::try_from(value).map_err(|_| Error::Unreadable(WHAT)))
                .transpose()
        };
        let subscription = match row.optional_text(2, WHAT)? {
            None => None,
            Some(status) => Some(Subscription {
                status: SubscriptionStatus::from_str(status)
                    .map_err(|_| Error::Unreadable("a subscription"))?,
                plan: row.optional_text(3, WHAT)?.map(str::to_owned),
                current_period_end: row.optional_time(4, WHAT)?,
            }),
        };
        Ok(Self {
            instance: InstanceId::new(row.text(0, WHAT)?).map_err(|_| Error::Unreadable(WHAT))?,
            owner: Sub::new(row.text(1, WHAT)?).map_err(|_| Error::Unreadable(WHAT))?,
            subscription,
            turn_limit: count(5)?,
            video_limit: count(6)?,
            storage_limit: count(7)?,
            turn_used: count(8)?.unwrap_or(0),
            video_used: count(9)?.unwrap_or(0),
            storage_used: count(10)?.unwrap_or(0),
            next_release: row.optional_time(11, WHAT)?,
            guest_used: count(12)?.unwrap_or(0),
        })
    }

    pub(crate) fn is_entitled(&self) -> bool {
        self.turn_limit.is_some()
    }

    /// Why `amount` of a quota is not to be had, if it is not.
    pub(crate) fn refusal(
        &self,
        quota: Quota,
        caller: &Sub,
        guest_limit: u64,
        amount: u64,
        now: Timestamp,
    ) -> Option<Refusal> {
        if !self.is_entitled() {
            return Some(Refusal::NotEntitled);
        }
        if self.owner != *caller && self.guest_used >= guest_limit {
            return Some(Refusal::Exceeded(self.guest_exceeded(guest_limit, now)));
        }
        let exceeded = self.exceeded(quota, now);
        (exceeded.usage.remaining() < amount).then_some(Refusal::Exceeded(exceeded))
    }

    pub(crate) fn guest_exceeded(&self, guest_limit: u64, now: Timestamp) -> Exceeded {
        Exceeded {
            quota: Quota::Guest,
            usage: Usage {
                used: self.guest_used,
                limit: guest_limit,
                resets_at: Period::day_of(now).end,
            },
        }
    }

    pub(crate) fn exceeded(&self, quota: Quota, now: Timestamp) -> Exceeded {
        Exceeded {
            quota,
            usage: self.usage(quota, now),
        }
    }

    pub(crate) fn usage(&self, quota: Quota, now: Timestamp) -> Usage {
        let month = Period::month_of(now).end;
        let (used, limit, resets_at) = match quota {
            Quota::Turn => (self.turn_used, self.turn_limit, month),
            Quota::Video => (self.video_used, self.video_limit, month),
            Quota::Storage => (
                self.storage_used,
                self.storage_limit,
                self.next_release.unwrap_or(now),
            ),
            Quota::Guest => (self.guest_used, None, Period::day_of(now).end),
        };
        Usage {
            used,
            limit: limit.unwrap_or(0),
            resets_at,
        }
    }

    fn instance(self, now: Timestamp) -> Instance {
        Instance {
            is_entitled: self.is_entitled(),
            turn: self.usage(Quota::Turn, now),
            video: self.usage(Quota::Video, now),
            storage: self.usage(Quota::Storage, now),
            id: self.instance,
            owner: self.owner,
            subscription: self.subscription,
        }
    }
}
