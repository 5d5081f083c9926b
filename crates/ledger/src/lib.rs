//! Keeps users, subscriptions, quotas, files and rooms in a libSQL database, embedded or remote.
//!
//! A [`Ledger`] is opened at a [`Location`]: a file of this machine, or a server, with the same statements. [`Ledger::migrate`] makes
//! its tables. What it is asked is decided by the database, in one statement or one transaction, so that many programs may use one
//! ledger at the same time. It reads no clock: the time is passed in.

mod charge;
mod database;
mod error;
mod files;
mod identifiers;
mod location;
#[cfg(test)]
mod lookups;
mod migrations;
mod quota;
mod rooms;
mod standing;
mod stripe;

use std::sync::Arc;

pub use charge::{Admitted, Counted, Receipt, Refusal};
use database::Database;
pub use error::{Error, chain};
pub use files::{File, FileState, Reserved, Unfit, Upload};
pub use identifiers::{FileKey, FileName, InstanceId, InvalidIdentifier, RoomId, Sub};
pub use location::{InvalidLocation, Location};
pub use migrations::{Migration, MigrationState, Readiness};
pub use quota::{Exceeded, Quota, Usage};
pub use rooms::Room;
pub use standing::{Instance, Subscription};
pub use stripe::{
    Change, InvalidStatus, Outcome, StripeEvent, SubscriptionChange, SubscriptionStatus,
};

/// A ledger. Clones share its connection.
#[derive(Clone, Debug)]
pub struct Ledger {
    database: Arc<Database>,
}

impl Ledger {
    /// Opens the ledger at a place. A file is made if there is none, and its folder; a server is not asked before the first call.
    ///
    /// # Errors
    /// The file cannot be opened or is no database, or there are no certificates to know a server by.
    pub async fn open(location: &Location) -> Result<Self, Error> {
        Ok(Self {
            database: Arc::new(Database::open(location).await?),
        })
    }
}
