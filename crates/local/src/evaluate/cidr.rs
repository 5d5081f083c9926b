//! `Fn::Cidr`: splits a block of addresses into smaller ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The first `count` blocks with `bits` host bits each within `block`.
pub(super) fn split(block: &str, count: u32, bits: Option<u32>) -> Result<Vec<String>, String> {
    let invalid = || format!("`{block}` is not a block of addresses");
    let (address, prefix) = block.split_once('/').ok_or_else(invalid)?;
    let address: IpAddr = address.parse().map_err(|_| invalid())?;
    let prefix: u32 = prefix.parse().map_err(|_| invalid())?;
    let (width, start): (u32, u128) = match address {
        IpAddr::V4(address) => (32, u128::from(u32::from(address))),
        IpAddr::V6(address) => (128, u128::from(address)),
    };
    // Without a size an IPv4 block is split as far as the count asks for.
    let bits = match (bits, width) {
        (Some(bits), _) => bits,
        (None, 32) => width.saturating_sub(prefix + count.next_power_of_two().trailing_zeros()),
        (None, _) => 64,
    };
    if prefix > width || !(1..=256).contains(&count) || bits == 0 || prefix + bits > width {
        return Err(format!(
            "{count} blocks of {bits} bits do not fit into `{block}`"
        ));
    }
    let available = width - prefix - bits;
    if available < 32 && u64::from(count) > 1 << available {
        return Err(format!(
            "{count} blocks of {bits} bits do not fit into `{block}`"
        ));
    }
    let start = start >> (width - prefix).min(127) << (width - prefix).min(127);
    Ok((0..u128::from(count))
        .map(|index| {
            let value = start + (index << bits);
            let address = if width == 32 {
                let value = u32::try_from(value).unwrap_or(u32::MAX);
                Ipv4Addr::from(value).to_string()
            } else {
                Ipv6Addr::from(value).to_string()
            };
            format!("{address}/{}", width - bits)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_split() {
        assert_eq!(
            split("10.0.0.0/16", 3, Some(8)).unwrap(),
            ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]
        );
        assert_eq!(
            split("192.168.0.0/24", 2, Some(5)).unwrap()[1],
            "192.168.0.32/27"
        );
        assert_eq!(
            split("2001:db8::/56", 2, Some(64)).unwrap(),
            ["2001:db8::/64", "2001:db8:0:1::/64"]
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (block, count, bits) in [
            ("10.0.0.0/24", 2, Some(8)),
            ("10.0.0.0/24", 300, Some(1)),
            ("10.0.0.0", 1, Some(8)),
            ("10.0.0.0/33", 1, Some(1)),
            ("x/1", 1, Some(1)),
        ] {
            assert!(
                split(block, count, bits).is_err(),
                "{block} {count} {bits:?}"
            );
        }
    }
}
