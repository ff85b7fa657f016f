//! `HOST:PORT` as typed. Checks its form only; whether the host exists shows when it is used.

/// The address as it was given, if it has the form of one.
pub(super) fn checked(given: &str) -> Result<String, String> {
    let bare_v6 = given.parse::<std::net::Ipv6Addr>().is_ok();
    if bare_v6 {
        return Err(format!("write an IPv6 address as [{given}]:55556"));
    }
    match given.rsplit_once(':') {
        Some(("", port)) => Err(format!("the host is missing, as in 127.0.0.1:{port}")),
        Some((host, _)) if host.contains(char::is_whitespace) => {
            Err("a host has no white space".into())
        }
        Some((_, port)) if port.parse::<u16>().is_err() => {
            Err("the port is a number from 0 to 65535, as in 127.0.0.1:55556".into())
        }
        Some(_) => Ok(given.to_owned()),
        None if given.is_empty() => Err("write HOST:PORT, such as 127.0.0.1:55556".into()),
        None => Err(format!("the port is missing, as in {given}:55556")),
    }
}

/// The port of an address that was checked.
pub(super) fn port(checked: &str) -> Option<u16> {
    checked.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for good in ["127.0.0.1:0", "localhost:55556", "[::1]:7", "chat.example.org:65535"] {
            assert_eq!(checked(good).as_deref(), Ok(good));
        }
        for bad in ["", "localhost", ":55556", "a:b", "a:65536", "a:-1", "::1", "a b:5", "a:"] {
            assert!(checked(bad).is_err(), "{bad:?}");
        }
        assert_eq!(port("[::1]:7"), Some(7));
    }
}
