//! Settings as the lines of a config file that would make them: for `--check-config`.

use super::{HistorySettings, HistorySync, ServeSettings, limits, value};
use std::path::Path;

impl ServeSettings {
    /// All of them; `history` is what comes of the recording.
    pub fn written(&self, history: Option<&HistorySettings>) -> Vec<String> {
        let mut lines = vec![text("listen", &self.listen)];
        lines.extend(self.bots.as_deref().map(|bots| path("bots", bots)));
        lines.extend(self.admin_socket.as_deref().map(|socket| path("admin_socket", socket)));
        lines.extend(self.log.as_deref().map(|log| text("log", log)));
        lines.extend(self.metrics.as_deref().map(|metrics| text("metrics", metrics)));
        lines.extend([String::new(), "[limits]".into()]);
        lines.extend(limits::written_limits(&self.limits));
        lines.extend([String::new(), "[history]".into()]);
        match history {
            None => lines.push("record = false".into()),
            Some(history) => lines.extend(recorded(history)),
        }
        lines
    }
}

fn recorded(history: &HistorySettings) -> Vec<String> {
    let sync = match history.sync {
        HistorySync::Normal => "normal",
        HistorySync::Full => "full",
    };
    let bytes = usize::try_from(history.keep.bytes).unwrap_or(usize::MAX);
    let mut lines = vec![
        path("file", &history.file),
        text("sync", sync),
        format!("keep_bytes = {}", value::shown_bytes(bytes)),
    ];
    lines.extend(history.keep.days.map(|days| format!("keep_days = {days}")));
    lines.extend(history.keep.messages.map(|messages| format!("keep_messages = {messages}")));
    let rooms: Vec<_> = history.unrecorded.iter().map(|room| format!("\"{room}\"")).collect();
    lines.push(format!("unrecorded = [{}]", rooms.join(", ")));
    lines.push(format!("lines = {}", history.lines));
    lines
}

fn path(key: &str, path: &Path) -> String {
    text(key, &path.display().to_string())
}

fn text(key: &str, text: &str) -> String {
    format!("{key} = {}", toml::Value::from(text))
}

#[cfg(test)]
mod tests {
    use crate::config::{Keep, Limits, Recording, ServeSettings, file};
    use crate::wire::room_name::RoomName;
    use std::time::Duration;

    fn room(name: &str) -> RoomName {
        RoomName::parse(name).unwrap()
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let settings = ServeSettings {
            listen: "127.0.0.1:7".into(),
            bots: Some("my \"bots\"".into()),
            admin_socket: Some("/a".into()),
            metrics: Some("127.0.0.1:9464".into()),
            log: Some("debug".into()),
            limits: Limits { drain: Duration::from_millis(250), ..Limits::default() },
            recording: Recording {
                file: Some("h.db".into()),
                keep: Keep { days: Some(3), ..Keep::default() },
                unrecorded: vec![room("#ops"), room("#dev")],
                lines: Some(7),
                ..Recording::default()
            },
            supervised: false,
        };
        let history = settings.recording.settings(&settings.listen).unwrap();
        let written = settings.written(history.as_ref()).join("\n");
        let read = file::parse(&written).unwrap();
        assert_eq!(read.listen.as_deref(), Some("127.0.0.1:7"));
        assert_eq!(read.metrics, settings.metrics);
        assert_eq!((read.bots, read.admin_socket), (settings.bots, settings.admin_socket));
        assert_eq!((read.log, read.limits), (settings.log, settings.limits));
        assert_eq!(read.recording, settings.recording);
    }
}
