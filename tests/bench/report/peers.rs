//! Results beside other servers, measured one after the other in one go: JSON lines of the neutral
//! load generator, one a run, and the `RATIO` lines of its summary, where there are no others.

use super::figures::median;
use super::kept;
use serde_json::Value;
use std::fs;

#[derive(Debug, Default)]
pub(crate) struct Peers {
    runs: Vec<Value>,
    ratios: Vec<String>,
}

/// A ratio of two servers' figures: the median of pairs, and the least and the most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio {
    pub median: f64,
    pub range: Option<(f64, f64)>,
}

impl Ratio {
    /// Of figures that were taken in pairs.
    pub(crate) fn of(ours: &[f64], theirs: &[f64]) -> Option<Self> {
        let pairs = ours.iter().zip(theirs).filter(|(_, theirs)| **theirs > 0.0);
        let ratios: Vec<f64> = pairs.map(|(ours, theirs)| ours / theirs).collect();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        Some(Self { median: median(&ratios)?, range: (ratios.len() > 1).then_some((least, most)) })
    }
}

/// Keeps such results for the page.
pub(crate) fn keep(files: &[&str]) {
    let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let is_result = |line: &&str| line.starts_with('{') || line.starts_with("RATIO ");
    let lines: String = text.lines().filter(is_result).map(|line| line.to_owned() + "\n").collect();
    assert!(!lines.is_empty(), "neither JSON lines nor RATIO lines in {files:?}");
    let file = kept("peers.jsonl");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, lines).unwrap();
}

impl Peers {
    pub(crate) fn load() -> Self {
        Self::read(&fs::read_to_string(kept("peers.jsonl")).unwrap_or_default())
    }

    fn read(text: &str) -> Self {
        let runs = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let ratios = text.lines().filter(|line| line.starts_with("RATIO ")).map(Into::into);
        Self { runs, ratios: ratios.collect() }
    }

    /// A server's figure in every run of a case, in the order of the runs.
    pub(crate) fn figures(&self, name: &str, case: &str, path: &str) -> Vec<f64> {
        let runs = self.runs.iter().filter(|run| run["name"] == name && run["case"] == case);
        let runs = runs.filter(|run| run.get("error").is_none());
        runs.filter_map(|run| run.pointer(path)?.as_f64()).collect()
    }

    /// How a figure of one server compares with another's.
    pub(crate) fn ratio(
        &self,
        (name, case): (&str, &str),
        (other, other_case): (&str, &str),
        path: &str,
    ) -> Option<Ratio> {
        let (ours, theirs) =
            (self.figures(name, case, path), self.figures(other, other_case, path));
        Ratio::of(&ours, &theirs)
            .or_else(|| self.told(name, other, case).filter(|_| case == other_case)?.of(path))
    }

    /// Messages a second while there was something to say, in every run of a case.
    pub(crate) fn pace(&self, name: &str, case: &str) -> Vec<f64> {
        let of = |path| self.figures(name, case, path);
        of("/published").iter().zip(of("/send_s")).map(|(said, seconds)| said / seconds).collect()
    }

    fn told(&self, name: &str, other: &str, case: &str) -> Option<Told<'_>> {
        let head = format!("RATIO {name}/{other} in {case}: ");
        self.ratios.iter().find_map(|line| line.strip_prefix(&head)).map(Told)
    }

    /// Whether all runs of a server were complete and in one order, and how many there are.
    pub(crate) fn sound(&self, names: &[&str]) -> Option<(usize, usize)> {
        let is_ours = |run: &&Value| names.iter().any(|name| run["name"] == *name);
        let is_sound = |run: &&Value| {
            run["complete"] != false
                && run["out_of_order"].as_f64().unwrap_or(0.0) == 0.0
                && run["total_order"].as_str().is_none_or(|order| !order.starts_with("DIFF"))
                && run.get("error").is_none()
        };
        let all = self.runs.iter().filter(is_ours).count();
        let sound = self.runs.iter().filter(is_ours).filter(is_sound).count();
        (all > 0).then_some((sound, all))
    }
}

/// What a `RATIO` line tells behind its head: `deliv/s 4.80x [4.60-5.00]; cpu s/M 0.21x …`.
struct Told<'a>(&'a str);

impl Told<'_> {
    fn of(&self, path: &str) -> Option<Ratio> {
        let name = match path {
            "/deliveries_per_s" => "deliv/s ",
            "/cpu_s_per_M" => "cpu s/M ",
            "/lat_us/p50" => "p50 us ",
            "/last_member_us/p50" => "last p50 ",
            "/accepted_per_s" => "acc/s ",
            _ => return None,
        };
        let told = self.0.split("; ").find_map(|part| part.strip_prefix(name))?;
        let (median, rest) = told.split_once('x')?;
        let range = rest.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        let range = range.and_then(|(range, _)| range.split_once('-'));
        let range = range.and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        Some(Ratio { median: median.parse().ok()?, range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELIVERIES: &str = "/deliveries_per_s";

    #[test]
    fn a_ratio_is_the_median_of_pairs_of_one_run() {
        let line = |name: &str, figure: f64| {
            format!(r#"{{"name":"{name}","case":"flood","deliveries_per_s":{figure}}}"#) + "\n"
        };
        let text = [line("chaty", 8.0), line("nats", 2.0), line("chaty", 9.0), line("nats", 3.0)];
        let peers = Peers::read(&text.concat());
        let ratio = |other| peers.ratio(("chaty", "flood"), (other, "flood"), DELIVERIES);
        assert_eq!(ratio("nats"), Some(Ratio { median: 3.5, range: Some((3.0, 4.0)) }));
        assert_eq!(ratio("ref"), None);
        assert_eq!(peers.sound(&["chaty"]), Some((2, 2)));
    }

    #[test]
    fn a_summarys_line_tells_the_same() {
        let line = "RATIO chaty/nats in big: deliv/s 6.50x [6.10-6.90]; last p50 0.71x (lower …)";
        let peers = Peers::read(line);
        let ratio = |path| peers.ratio(("chaty", "big"), ("nats", "big"), path);
        assert_eq!(ratio(DELIVERIES), Some(Ratio { median: 6.5, range: Some((6.1, 6.9)) }));
        assert_eq!(ratio("/last_member_us/p50"), Some(Ratio { median: 0.71, range: None }));
        assert_eq!(ratio("/cpu_s_per_M"), None);
    }

    #[test]
    fn what_was_lost_or_out_of_order_shows() {
        let text = r#"{"name":"chaty","case":"a","complete":true,"total_order":"same"}
            {"name":"chaty","case":"b","complete":false}
            {"name":"chaty","case":"c","total_order":"DIFFERENT"}"#;
        assert_eq!(Peers::read(text).sound(&["chaty"]), Some((1, 3)));
    }
}
