//! Ranges of addresses.

use std::{net::IpAddr, str::FromStr};

/// A range of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AddressRange {
    is_version_6: bool,
    pub(super) first: u128,
    pub(super) last: u128,
}

impl FromStr for AddressRange {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let (is_version_6, address, bits) = match address.parse().map_err(|_| ())? {
            IpAddr::V4(address) => (false, u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (true, u128::from(address), 128),
        };
        let length: u32 = match length {
            Some(length) => length.parse().map_err(|_| ())?,
            None => bits,
        };
        let free = bits.checked_sub(length).ok_or(())?;
        let within = 1_u128.checked_shl(free).map_or(u128::MAX, |size| size - 1);
        Ok(Self {
            is_version_6,
            first: address & !within,
            last: address | within,
        })
    }
}

impl AddressRange {
    /// Whether every address of the other range is in this one.
    pub(super) fn covers(&self, inner: &Self) -> bool {
        self.is_same_version(inner) && self.first <= inner.first && inner.last <= self.last
    }

    pub(super) fn is_same_version(&self, other: &Self) -> bool {
        self.is_version_6 == other.is_version_6
    }

    /// Whether it is all addresses there are.
    pub(super) fn is_everything(&self) -> bool {
        let last = if self.is_version_6 {
            u128::MAX
        } else {
            u128::from(u32::MAX)
        };
        self.first == 0 && self.last == last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_ranges_cover_one_another() {
        let table = [
            ("0.0.0.0/0", "10.0.0.0/8", true),
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.0.0.0/8", "11.0.0.0/16", false),
            ("10.1.0.0/16", "10.0.0.0/8", false),
            ("10.9.9.9/8", "10.0.0.1", true),
            ("::/0", "2001:db8::/32", true),
            ("2001:db8::/32", "2001:db9::/48", false),
            ("0.0.0.0/0", "::/0", false),
        ];
        for (outer, inner, expected) in table {
            let read = |text: &str| text.parse::<AddressRange>().expect("a range");
            assert_eq!(
                read(outer).covers(&read(inner)),
                expected,
                "{outer} {inner}"
            );
        }
        for text in ["sg-1", "0.0.0.0/33", "10.0.0.0/", "", "10.0.0.0/-1"] {
            assert!(text.parse::<AddressRange>().is_err(), "{text}");
        }
        assert!(
            "0.0.0.0/0"
                .parse()
                .is_ok_and(|all: AddressRange| all.is_everything())
        );
        assert!(
            "::/0"
                .parse()
                .is_ok_and(|all: AddressRange| all.is_everything())
        );
    }
}
