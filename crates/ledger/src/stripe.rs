//! What Stripe tells about customers and subscriptions.
//!
//! Events come twice and in any order. What is kept of each subscription and each link is what its winning event says, and who wins
//! depends on the events alone; so the same events always lead to the same state.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};

use crate::{
    Error, InstanceId, Ledger, Sub,
    database::{Statement, statement},
};

/// Records an event, unless it is known. One that could not be understood may be understood by a later program.
pub(crate) const RECORD: &str = "INSERT INTO events (id, type, created, received_at, subject, unprocessable) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (id) DO UPDATE SET received_at = excluded.received_at, subject = excluded.subject, unprocessable = NULL
    WHERE events.unprocessable IS NOT NULL AND excluded.unprocessable IS NULL
RETURNING id";
pub(crate) const ADD_CUSTOMER: &str = "INSERT INTO customers (sub, instance, created_at) VALUES (?1, ?2, ?3) ON CONFLICT (sub) DO NOTHING";
pub(crate) const LINK: &str =
    "INSERT INTO links (stripe_customer, sub, created) VALUES (?1, ?2, ?3)
ON CONFLICT (stripe_customer) DO UPDATE SET sub = excluded.sub, created = excluded.created
    WHERE (excluded.created, excluded.sub) > (links.created, links.sub)
RETURNING sub";
pub(crate) const SUBSCRIBE: &str = "INSERT INTO subscriptions
    (id, stripe_customer, sub, status, lookup_key, current_period_end, created, rank, event)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO UPDATE SET
    stripe_customer = excluded.stripe_customer, sub = excluded.sub, status = excluded.status, lookup_key = excluded.lookup_key,
    current_period_end = excluded.current_period_end, created = excluded.created, rank = excluded.rank, event = excluded.event
    WHERE (excluded.created, excluded.rank, excluded.event) > (subscriptions.created, subscriptions.rank, subscriptions.event)
RETURNING id";
/// Works out whose the subscriptions of a Stripe customer are.
pub(crate) const OWN: &str = "UPDATE subscriptions SET owner = coalesce(sub, (
    SELECT links.sub FROM links WHERE links.stripe_customer = subscriptions.stripe_customer
)) WHERE stripe_customer = ?1";
pub(crate) const SUBSCRIBED: &str =
    "SELECT owner, EXISTS (SELECT 1 FROM plans WHERE plans.lookup_key = subscriptions.lookup_key)
FROM subscriptions WHERE id = ?1";

/// Forgets some events that came long ago, more than one for each that comes.
pub(crate) const FORGET: &str = "DELETE FROM events WHERE id IN (
    SELECT id FROM events WHERE received_at < ?1 AND unprocessable IS NULL ORDER BY received_at LIMIT 8
)";

/// How long an event is remembered, and not applied again. Stripe repeats what failed for three days, and keeps events for 30:
/// <https://docs.stripe.com/webhooks#automatic-retries>. One that came even later would be stale, and change nothing.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How often an instance is named anew whose name is taken: 1 in 10^15 for each that there is.
const ATTEMPTS: usize = 4;

/// An event whose signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripeEvent {
    /// Its id, `evt_…`.
    pub id: String,
    /// Its type, such as `customer.subscription.updated`.
    pub type_name: String,
    /// When it came to be.
    pub created: Timestamp,
    /// What it says.
    pub change: Change,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A Stripe customer is this user: `checkout.session.completed`.
    Link {
        /// The customer, `cus_…`.
        stripe_customer: String,
        /// The user.
        sub: Sub,
    },
    /// How a subscription stands: `customer.subscription.*`.
    Subscription(SubscriptionChange),
    /// An invoice, which changes no access.
    Invoice {
        /// The subscription it is for.
        subscription: Option<String>,
        /// Who pays it.
        stripe_customer: Option<String>,
    },
    /// Of a type that is of no interest.
    Ignored,
    /// It is signed, and cannot be understood.
    Unprocessable {
        /// Why, without what it holds.
        reason: String,
    },
}

/// How a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionChange {
    /// Its id, `sub_…`.
    pub id: String,
    /// Whose it is at Stripe, `cus_…`.
    pub stripe_customer: String,
    /// Whose it is, as its metadata say.
    pub sub: Option<Sub>,
    /// How it stands.
    pub status: SubscriptionStatus,
    /// Whether the event is the last, `customer.subscription.deleted`.
    pub is_deleted: bool,
    /// The lookup key of its price.
    pub lookup_key: Option<String>,
    /// Until when it is paid.
    pub current_period_end: Option<Timestamp>,
}

/// [How a subscription stands](https://docs.stripe.com/api/subscriptions/object#subscription_object-status).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubscriptionStatus {
    /// It is paid.
    Active,
    /// It is tried out.
    Trialing,
    /// A payment failed, and is tried again.
    PastDue,
    /// Payments failed for good.
    Unpaid,
    /// It ended.
    Canceled,
    /// The first payment is due.
    Incomplete,
    /// The first payment never came.
    IncompleteExpired,
    /// Its trial ended without a way to pay.
    Paused,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took effect.
    Applied,
    /// It took effect, but gives no access: the lookup key of its price is no plan's.
    UnknownPlan,
    /// It is known already.
    Duplicate,
    /// A later event of the same subscription or customer is known.
    Stale,
    /// It is kept until it is known whose it is.
    Kept,
    /// It changes nothing, and is recorded.
    Recorded,
    /// It cannot be understood, and is recorded as that.
    Unprocessable,
}

impl Ledger {
    /// Applies an event, once, together with recording it. `fresh` names the instance of a customer who is first known by it.
    ///
    /// # Errors
    /// The database fails, or `fresh` does. Nothing of the event is then recorded, or all; it is safe to apply it again.
    pub async fn apply(
        &self,
        event: &StripeEvent,
        fresh: impl Fn() -> Result<InstanceId, Error>,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let mut attempts = 1;
        loop {
            match self.apply_with(event, &fresh()?, now).await {
                Err(error) if error.is_conflict() && attempts < ATTEMPTS => attempts += 1,
                other => return other,
            }
        }
    }

    async fn apply_with(
        &self,
        event: &StripeEvent,
        instance: &InstanceId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let add_customer =
            |sub: &Sub| statement!(ADD_CUSTOMER, sub.as_str(), instance.as_str(), now);
        match &event.change {
            Change::Link {
                stripe_customer,
                sub,
            } => {
                let link = statement!(LINK, stripe_customer.as_str(), sub.as_str(), event.created,);
                let own = statement!(OWN, stripe_customer.as_str());
                let record = event.record(Some(stripe_customer), None, now);
                let statements = [record, add_customer(sub), link, own, forget(now)];
                let [recorded, _, linked, _, _] = self.database.transaction(statements).await?;
                Ok(match (recorded.is_empty(), linked.is_empty()) {
                    (true, _) => Outcome::Duplicate,
                    (false, true) => Outcome::Stale,
                    (false, false) => Outcome::Applied,
                })
            }
            Change::Subscription(change) => {
                let record = event.record(Some(&change.id), None, now);
                let subscribe = change.subscribe(event);
                let own = statement!(OWN, change.stripe_customer.as_str());
                let read = statement!(SUBSCRIBED, change.id.as_str());
                let mut statements = vec![record, subscribe, own, read, forget(now)];
                statements.extend(change.sub.as_ref().map(add_customer));
                let rows = self.database.transaction_of(&statements).await?;
                let [recorded, changed, _, read, ..] = &rows[..] else {
                    return Err(Error::Answer("results are missing".to_owned()));
                };
                if recorded.is_empty() {
                    return Ok(Outcome::Duplicate);
                }
                if changed.is_empty() {
                    return Ok(Outcome::Stale);
                }
                const WHAT: &str = "a subscription";
                let row = read.first().ok_or(Error::Unreadable(WHAT))?;
                Ok(if row.optional_text(0, WHAT)?.is_none() {
                    Outcome::Kept
                } else if row.integer(1, WHAT)? == 0 {
                    Outcome::UnknownPlan
                } else {
                    Outcome::Applied
                })
            }
            Change::Invoice {
                subscription,
                stripe_customer,
            } => {
                let subject = subscription.as_deref().or(stripe_customer.as_deref());
                let record = event.record(subject, None, now);
                self.record(record, Outcome::Recorded, now).await
            }
            Change::Ignored => {
                let record = event.record(None, None, now);
                self.record(record, Outcome::Recorded, now).await
            }
            Change::Unprocessable { reason } => {
                let record = event.record(None, Some(reason), now);
                self.record(record, Outcome::Unprocessable, now).await
            }
        }
    }

    async fn record(
        &self,
        record: Statement,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let [recorded, _] = self.database.transaction([record, forget(now)]).await?;
        Ok(if recorded.is_empty() {
            Outcome::Duplicate
        } else {
            outcome
        })
    }
}

fn forget(now: Timestamp) -> Statement {
    statement!(
        FORGET,
        now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN)
    )
}

impl StripeEvent {
    fn record(
        &self,
        subject: Option<&str>,
        unprocessable: Option<&str>,
        now: Timestamp,
    ) -> Statement {
        statement!(
            RECORD,
            self.id.as_str(),
            self.type_name.as_str(),
            self.created,
            now,
            subject,
            unprocessable,
        )
    }
}

impl SubscriptionChange {
    fn subscribe(&self, event: &StripeEvent) -> Statement {
        statement!(
            SUBSCRIBE,
            self.id.as_str(),
            self.stripe_customer.as_str(),
            self.sub.as_ref().map(Sub::as_str),
            self.known_status().as_str(),
            self.lookup_key.as_deref(),
            self.current_period_end,
            event.created,
            self.rank(),
            event.id.as_str(),
        )
    }

    /// A subscription that was deleted is at its end, whatever else the event says.
    fn known_status(&self) -> SubscriptionStatus {
        if self.is_deleted {
            SubscriptionStatus::Canceled
        } else {
            self.status
        }
    }

    /// Which of two events of the same second is the later one: the one that is nearer to the end.
    fn rank(&self) -> u32 {
        use SubscriptionStatus::{
            Active, Canceled, Incomplete, IncompleteExpired, PastDue, Paused, Trialing, Unpaid,
        };
        match self.status {
            _ if self.is_deleted => 3,
            Canceled | Unpaid | Paused | IncompleteExpired => 2,
            Active | Trialing | PastDue => 1,
            Incomplete => 0,
        }
    }
}

/// A word that is none of Stripe's for a subscription's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a subscription has no such status")]
pub struct InvalidStatus;

impl SubscriptionStatus {
    const ALL: [Self; 8] = [
        Self::Active,
        Self::Trialing,
        Self::PastDue,
        Self::Unpaid,
        Self::Canceled,
        Self::Incomplete,
        Self::IncompleteExpired,
        Self::Paused,
    ];

    /// Stripe's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Trialing => "trialing",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Canceled => "canceled",
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Paused => "paused",
        }
    }
}

impl FromStr for SubscriptionStatus {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, InvalidStatus> {
        let mut all = Self::ALL.into_iter();
        all.find(|status| status.as_str() == text)
            .ok_or(InvalidStatus)
    }
}

impl fmt::Display for SubscriptionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
