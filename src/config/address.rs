//! Where metrics are given, as it is written. Checks the form only; whether the host exists shows
//! when it is used.

/// `9464` and `:9464` mean loopback, which is where nobody else can ask; anything else is
/// `HOST:PORT`. Gives that, or what it should have been.
pub fn metrics_address(written: &str) -> Result<String, String> {
    let expected = || {
        "a port of loopback such as 9464, or HOST:PORT such as 192.0.2.1:9464 or [::1]:9464".into()
    };
    let (host, port) = match written.rsplit_once(':') {
        None | Some(("", _)) => ("127.0.0.1", written.trim_start_matches(':')),
        Some((host, port)) => (host, port),
    };
    // A bare IPv6 address would be taken for a host and a port.
    let is_host = !host.contains(char::is_whitespace)
        && (!host.contains(':') || host.starts_with('[') && host.ends_with(']'));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    if is_host && is_port { Ok(format!("{host}:{port}")) } else { Err(expected()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_loopbacks() {
        for (written, meant) in [
            ("9464", "127.0.0.1:9464"),
            (":9464", "127.0.0.1:9464"),
            ("0", "127.0.0.1:0"),
            ("0.0.0.0:9464", "0.0.0.0:9464"),
            ("[::1]:9464", "[::1]:9464"),
            ("metrics.example.org:65535", "metrics.example.org:65535"),
        ] {
            assert_eq!(metrics_address(written).as_deref(), Ok(meant));
        }
        for wrong in ["", ":", "::", "::1", "localhost", "65536", "+1", "-1", "a b:1", "a:", "1::"]
        {
            assert!(metrics_address(wrong).is_err(), "{wrong:?}");
        }
    }
}
