//! What is too fast: token buckets for each caller, each instance, and each address that is not signed in.

use std::{
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use ledger::{InstanceId, Sub};

use crate::{config::Rates, problem::Problem};

/// After how many requests the buckets that are full again are forgotten.
const SWEEP: u32 = 10_000;

/// All buckets. They live in this process: another one has its own.
#[derive(Debug)]
pub(crate) struct Limits {
    callers: Buckets<Sub>,
    instances: Buckets<InstanceId>,
    addresses: Buckets<IpAddr>,
}

impl Limits {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            callers: Buckets::new(rates.per_caller),
            instances: Buckets::new(rates.per_instance),
            addresses: Buckets::new(rates.per_caller.saturating_mul(10)),
        }
    }

    /// # Errors
    /// The caller is too fast.
    pub(crate) fn caller(&self, sub: &Sub) -> Result<(), Problem> {
        self.callers.take(sub)
    }

    /// # Errors
    /// Too many requests are made to this instance.
    pub(crate) fn instance(&self, id: &InstanceId) -> Result<(), Problem> {
        self.instances.take(id)
    }

    /// # Errors
    /// Too many requests come from this address without a token that holds.
    pub(crate) fn address(&self, address: IpAddr) -> Result<(), Problem> {
        self.addresses.take(&network(address))
    }
}

/// One bucket for each key, filled evenly over a minute.
#[derive(Debug)]
struct Buckets<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    taken: AtomicU32,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(per_minute: u32) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            limiter: RateLimiter::keyed(Quota::per_minute(per_minute)),
            taken: AtomicU32::new(0),
        }
    }

    fn take(&self, key: &K) -> Result<(), Problem> {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            Problem::too_fast(wait.as_secs() + 1)
        })
    }
}

/// Whom an address stands for: a household has a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.into(),
            None => {
                let [a, b, c, d, ..] = address.segments();
                std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        },
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_bucket_of_its_own() {
        let buckets = Buckets::new(2);
        assert!(buckets.take(&1).is_ok());
        assert!(buckets.take(&1).is_ok());
        assert!(buckets.take(&1).is_err());
        assert!(buckets.take(&2).is_ok());
    }

    #[test]
    fn a_household_is_one_address() {
        let same = |left: &str, right: &str| {
            network(left.parse().unwrap()) == network(right.parse().unwrap())
        };
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:10.0.0.1", "10.0.0.1"));
        assert!(!same("10.0.0.1", "10.0.0.2"));
    }
}
