//! A strict reader of Prometheus' text format, version 0.0.4, written from its description and not
//! from what chaty gives: anything it does not know is a fault of the page.

use std::collections::{BTreeMap, BTreeSet};

/// A page that was read.
#[derive(Debug, Default)]
pub(crate) struct Scrape {
    /// Type by family.
    types: BTreeMap<String, String>,
    /// Value by name and labels as written: `x_total`, `x_total{a="b"}`.
    samples: BTreeMap<String, f64>,
}

impl Scrape {
    #[track_caller]
    pub(crate) fn parse(page: &str) -> Self {
        assert!(page.ends_with('\n'), "the last line ends, too");
        let mut scrape = Self::default();
        let (mut helped, mut family) = (BTreeSet::new(), String::new());
        for line in page.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, text) = help.split_once(' ').expect(line);
                assert!(is_name(name) && !text.is_empty(), "{line}");
                assert!(helped.insert(name.to_owned()), "twice: {line}");
            } else if let Some(of_type) = line.strip_prefix("# TYPE ") {
                let (name, of_type) = of_type.split_once(' ').expect(line);
                assert!(["counter", "gauge", "histogram"].contains(&of_type), "{line}");
                assert!(helped.contains(name), "no help before {line}");
                let before = scrape.types.insert(name.into(), of_type.into());
                assert_eq!(before, None, "twice: {line}");
                name.clone_into(&mut family);
            } else {
                scrape.sample(line, &family);
            }
        }
        scrape.check_histograms();
        scrape
    }

    #[track_caller]
    fn sample(&mut self, line: &str, family: &str) {
        let (name, value) = line.rsplit_once(' ').expect(line);
        let (bare, labels) = match name.split_once('{') {
            Some((bare, labels)) => (bare, labels.strip_suffix('}').expect(line)),
            None => (name, ""),
        };
        let of_type = self.types.get(family).expect(line).as_str();
        let suffix = bare.strip_prefix(family).unwrap_or_else(|| panic!("not of {family}: {line}"));
        match of_type {
            "histogram" => assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{line}"),
            "counter" => assert!(suffix.is_empty() && bare.ends_with("_total"), "{line}"),
            _ => assert!(suffix.is_empty() && !bare.ends_with("_total"), "{line}"),
        }
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once('=').expect(line);
            assert!(is_name(key) && !key.contains(':'), "{line}");
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            assert!(value.is_some_and(|value| !value.contains(['"', '\\'])), "{line}");
        }
        let value: f64 = value.parse().expect(line);
        assert!(value >= 0.0, "{line}");
        assert_eq!(self.samples.insert(name.into(), value), None, "twice: {line}");
    }

    /// Buckets are cumulative, their bounds ascend, and the last of them is what was counted.
    #[track_caller]
    fn check_histograms(&self) {
        let histograms = self.types.iter().filter(|(_, of_type)| *of_type == "histogram");
        for (family, _) in histograms {
            let prefix = format!("{family}_bucket{{le=\"");
            let mut buckets: Vec<(f64, f64)> = self
                .samples
                .iter()
                .filter_map(|(name, count)| {
                    let bound = name.strip_prefix(&prefix)?.strip_suffix("\"}")?;
                    Some((bound.replace("+Inf", "inf").parse().unwrap(), *count))
                })
                .collect();
            buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            assert!(buckets.len() > 2, "{family}");
            assert!(
                buckets.is_sorted_by(|(a, x), (b, y)| a < b && x <= y),
                "{family}: {buckets:?}"
            );
            let last = buckets.pop().unwrap();
            assert!(last.0.is_infinite(), "{family}");
            assert_eq!(Some(last.1), self.value(&format!("{family}_count")), "{family}");
            assert!(self.value(&format!("{family}_sum")).is_some(), "{family}");
        }
    }

    /// The sample of this name with these labels, as written.
    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.samples.get(name).copied()
    }

    /// The families with their types.
    pub(crate) fn families(&self) -> impl Iterator<Item = (String, String)> {
        self.types.clone().into_iter()
    }
}

fn is_name(name: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(is_first) && name.chars().all(|c| is_first(c) || c.is_ascii_digit())
}

#[test]
fn a_page_that_is_wrong_is_seen() {
    let right = "# HELP a_total A.\n# TYPE a_total counter\na_total{b=\"c\"} 1\n";
    assert_eq!(Scrape::parse(right).value("a_total{b=\"c\"}"), Some(1.0));
    let histogram = "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 3\n\
                     h_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n";
    Scrape::parse(histogram);
    for (wrong, of) in [
        (right.replace("# HELP a_total A.\n", ""), "help"),
        (right.replace("_total", ""), "a counter's name"),
        (right.replace("} 1", "} one"), "a value"),
        (right.repeat(2), "a family twice"),
        (right.trim_end().to_owned(), "the last newline"),
        (right.replace("\"c\"", "c"), "a label's quotes"),
        (histogram.replace("+Inf\"} 3", "+Inf\"} 2"), "buckets that fall"),
        (histogram.replace("h_count 3", "h_count 4"), "a count that is another"),
        (histogram.replace("h_sum 4\n", ""), "a sum"),
    ] {
        let parsed = std::panic::catch_unwind(|| Scrape::parse(&wrong));
        assert!(parsed.is_err(), "{of}: {wrong}");
    }
}
