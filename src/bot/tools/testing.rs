//! What a `test_*` function can do besides what every function can: one table for the documents,
//! one registration for the engine. In a bot that is not being tested each says so and does nothing.

use super::play::{Moment, Play};
use super::test::difference::{difference, fits};
use crate::bot::host::lock;
use crate::bot::mind::Mind;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rhai::{Array, Dynamic, Engine, EvalAltResult};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// A function of tests, as the documents show it.
#[derive(Debug)]
pub struct Testing {
    pub signature: &'static str,
    pub doc: &'static str,
    pub example: &'static str,
}

/// All of them.
pub const TESTING: &[Testing] = &[
    Testing {
        signature: "send(name, line)",
        doc: "Somebody says a line; `/msg Karma text` whispers, `/me waves` is done. `Alice [bot]` \
              is a bot. Gives what the bot says at once, as an array of lines.",
        example: r#"let said = send("Neo", "!roll 2d6");"#,
    },
    Testing {
        signature: "join(name)",
        doc: "Somebody comes into the room. Gives what the bot says.",
        example: r#"join("Trinity");"#,
    },
    Testing {
        signature: "leave(name)",
        doc: "Somebody leaves the room. Gives what the bot says.",
        example: r#"leave("Trinity");"#,
    },
    Testing {
        signature: "advance(secs)",
        doc: "The clock goes on, and what is due happens. Gives what the bot says meanwhile.",
        example: "advance(60);",
    },
    Testing {
        signature: "seed(number)",
        doc: "What is drawn from now on follows from this number.",
        example: "seed(7);",
    },
    Testing {
        signature: "reload()",
        doc: "The script is loaded again, as if it had been saved; `state` and `temp` stay.",
        example: "reload();",
    },
    Testing {
        signature: "expect(truth, [why])",
        doc: "Fails the test unless it is true.",
        example: r#"expect(state.points.trinity == 2, "points were lost");"#,
    },
    Testing {
        signature: "expect_said(line)",
        doc: "Fails the test unless this is the next line the bot said to what happened last. `*` \
              stands for any text, `/msg Neo text` is a whisper, `/me waves` is done.",
        example: r#"expect_said("Hello, *!");"#,
    },
    Testing {
        signature: "expect_silence()",
        doc: "Fails the test if the bot said anything more to what happened last.",
        example: "expect_silence();",
    },
];

type Failed = Box<EvalAltResult>;

/// A test that runs: the bot it is about, and what it said and nobody has looked at.
#[derive(Debug)]
pub(in crate::bot) struct Scene {
    pub(super) play: Play,
    /// The bot's memory, which the test sees as its own.
    mind: Arc<Mutex<Mind>>,
    unread: VecDeque<String>,
    /// What there is to say about a failure besides its first line.
    pub(super) detail: Option<String>,
}

impl Scene {
    pub(super) fn new(play: Play, mind: Arc<Mutex<Mind>>) -> Self {
        Self { play, mind, unread: VecDeque::new(), detail: None }
    }

    /// What the bot says to something takes the place of what it said before.
    fn hear(&mut self, moment: Moment) -> Result<Array, Failed> {
        if let Some(error) = moment.errors.into_iter().next() {
            self.detail = Some(error.to_string());
            return Err(format!("{} failed here", self.play.name()).into());
        }
        self.unread = moment.lines.iter().cloned().collect();
        Ok(moment.lines.into_iter().map(Dynamic::from).collect())
    }

    fn expect_said(&mut self, expected: &str) -> Result<(), Failed> {
        let said = self.unread.pop_front();
        if said.as_deref().is_some_and(|said| fits(expected, said)) {
            return Ok(());
        }
        self.detail = Some(difference(&[expected], said.as_deref().as_slice()));
        let name = self.play.name();
        Err(match said {
            Some(_) => format!("{name} said something else").into(),
            None => format!("{name} said nothing more").into(),
        })
    }

    fn expect_silence(&mut self) -> Result<(), Failed> {
        if self.unread.is_empty() {
            return Ok(());
        }
        let said: Vec<&str> = self.unread.iter().map(String::as_str).collect();
        self.detail = Some(difference(&[], &said));
        Err(format!("{} was not silent", self.play.name()).into())
    }
}

/// The scene of the test that runs; without one the functions are only known.
pub(in crate::bot) type Running = Option<Arc<Mutex<Scene>>>;

/// Gives an engine the functions of tests.
pub(in crate::bot) fn register(engine: &mut Engine, scene: &Running) {
    let on = scene.clone();
    engine.register_fn("send", move |name: &str, line: &str| {
        with(&on, "send(name, line)", |scene| {
            let moment = scene.play.says(name, line)?;
            scene.hear(moment)
        })
    });
    let on = scene.clone();
    engine.register_fn("join", move |name: &str| {
        with(&on, "join(name)", |scene| {
            let moment = scene.play.joins(name);
            scene.hear(moment)
        })
    });
    let on = scene.clone();
    engine.register_fn("leave", move |name: &str| {
        with(&on, "leave(name)", |scene| {
            let moment = scene.play.leaves(name);
            scene.hear(moment)
        })
    });
    let on = scene.clone();
    engine.register_fn("advance", move |secs: Dynamic| {
        with(&on, "advance(secs)", |scene| {
            let moment = scene.play.advance(millis(&secs)?);
            scene.hear(moment)
        })
    });
    let on = scene.clone();
    engine.register_fn("seed", move |number: i64| {
        with(&on, "seed(number)", |scene| {
            lock(&scene.mind).random = ChaCha8Rng::seed_from_u64(number.cast_unsigned());
            Ok(())
        })
    });
    let on = scene.clone();
    engine.register_fn("reload", move || {
        with(&on, "reload()", |scene| {
            let moment = scene.play.reload().map_err(|diagnostic| diagnostic.message)?;
            scene.hear(moment)
        })
    });
    register_expectations(engine, scene);
}

fn register_expectations(engine: &mut Engine, scene: &Running) {
    let on = scene.clone();
    engine.register_fn("expect", move |truth: bool| {
        with(&on, "expect(truth)", |_| if truth { Ok(()) } else { Err("this is not so".into()) })
    });
    let on = scene.clone();
    engine.register_fn("expect", move |truth: bool, why: Dynamic| {
        with(&on, "expect(truth, why)", |_| {
            if truth { Ok(()) } else { Err(format!("this is not so: {why}").into()) }
        })
    });
    let on = scene.clone();
    engine.register_fn("expect_said", move |line: &str| {
        with(&on, "expect_said(line)", |scene| scene.expect_said(line))
    });
    let on = scene.clone();
    engine.register_fn("expect_silence", move || {
        with(&on, "expect_silence()", Scene::expect_silence)
    });
}

fn with<T>(
    scene: &Running,
    signature: &str,
    work: impl FnOnce(&mut Scene) -> Result<T, Failed>,
) -> Result<T, Failed> {
    match scene {
        Some(scene) => work(&mut lock(scene)),
        None => Err(format!("{signature} works in a test only, `fn test_…()`").into()),
    }
}

fn millis(secs: &Dynamic) -> Result<u64, Failed> {
    #[expect(clippy::cast_precision_loss, reason = "a year of seconds is exact")]
    let number = secs.as_float().or_else(|_| secs.as_int().map(|whole| whole as f64));
    match number {
        Ok(number) if (0.0..=YEAR).contains(&number) => Ok(crate::bot::declaration::millis(number)),
        _ => Err(format!("advance(secs) takes seconds from 0 to a year, not {secs}").into()),
    }
}

/// Seconds the clock goes on at once, at the most.
const YEAR: f64 = 366.0 * 24.0 * 3600.0;
