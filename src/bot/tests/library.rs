//! What scripts share, and that nothing else can be had that way.

use super::{on_a_bots_stack, options};
use crate::bot::{Diagnostic, LoadOptions, Stage, StageOptions};
use std::fs;

struct Home(tempfile::TempDir);

impl Home {
    fn new(files: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("lib")).unwrap();
        for (name, text) in files {
            fs::write(home.path().join(name), text).unwrap();
        }
        Self(home)
    }

    fn load(&self, source: &str) -> Result<Stage, Diagnostic> {
        let load = LoadOptions { lib: Some(self.0.path().join("lib")), ..options(1) };
        let nothing = serde_json::Map::new();
        let mut stage = Stage::new(StageOptions { load, state: nothing, manners: false });
        stage.load(source, 0).map(|_| stage)
    }

    #[track_caller]
    fn refused(&self, source: &str) -> String {
        let diagnostic = self.load(source).expect_err("it must not load");
        let home = format!("{}/", self.0.path().display());
        diagnostic.to_string().replace(&home, "")
    }
}

fn answer(stage: &mut Stage, text: &str) -> Result<String, Diagnostic> {
    let event = crate::bot::Event::Message(super::said(text));
    let outcome = stage.take(&event, 0);
    match outcome.error {
        Some(error) => Err(error),
        None => Ok(outcome.actions.iter().map(|action| action.text.to_string()).collect()),
    }
}

const WORDS: &str = r#"
import "more" as more;
const WORDS = ["a", "b"];
fn first() { WORDS[0] + more::twice(WORDS.len()) + hidden() }
private fn hidden() { state.seen = true; "h" }
fn all() { WORDS.map(|w| w + WORDS.len()) }
fn bad() {
    let x = 1;
    x.nothing()
}
"#;

#[test]
fn a_library_is_shared_with_its_constants_and_its_own_imports() {
    on_a_bots_stack(|| {
        let home = Home::new(&[
            ("lib/words.rhai", WORDS.split("fn bad").next().unwrap()),
            ("lib/more.rhai", "const WORDS = 2; fn twice(n) { n * WORDS }"),
        ]);
        let source = r#"
            import "words" as words;
            const WORDS = "mine";
            const TOP = words::first();
            fn on_message(msg) { `${words::first()} ${WORDS} ${words::all()} ${state.seen}` }
        "#;
        // The top level stores nothing.
        let refused = home.refused(source);
        assert!(refused.contains("state works inside a handler only"), "{refused}");
        let mut stage = home.load(&source.replace("const TOP = words::first();", "")).unwrap();
        assert_eq!(answer(&mut stage, "x").unwrap(), r#"a4h mine ["a2", "b2"] true"#);
        let names = stage.script().unwrap().imports();
        let names: Vec<_> = names.iter().filter_map(|path| path.file_name()).collect();
        assert_eq!(names, ["more.rhai", "words.rhai"]);
    });
}

#[test]
fn mistakes_in_a_library_are_shown_where_they_are() {
    on_a_bots_stack(|| {
        let home = Home::new(&[
            ("lib/typo.rhai", "fn f() {\n  rply(1);\n}"),
            ("lib/syntax.rhai", "fn f() {"),
            ("lib/open.rhai", "fn f(x) { `${x}`\n"),
            ("lib/late.rhai", "fn f(x) {\n  x.len\n}"),
            ("lib/me.rhai", "import \"too\" as too;"),
            ("lib/too.rhai", "import \"me\" as me;"),
            ("lib/loop.rhai", "loop { }"),
        ]);
        let using =
            |name: &str| format!("import \"{name}\" as l;\nfn on_message(msg) {{ l::f(1) }}");
        let typo = home.refused(&using("typo"));
        assert!(typo.starts_with("lib/typo.rhai:2:3: error: unknown function `rply`; did you mean `reply`?\n  2 |   rply(1);"), "{typo}");
        assert!(home.refused(&using("syntax")).starts_with("lib/syntax.rhai:1:8: error: "));
        let open = home.refused(&using("open"));
        assert!(open.starts_with("lib/open.rhai:1:9: error: this `{` is never closed"), "{open}");
        let looped = home.refused(&using("loop"));
        assert!(
            looped.starts_with("lib/loop.rhai") && looped.contains("is there a loop"),
            "{looped}"
        );
        let itself = home.refused(&using("me"));
        assert!(itself.contains("imports itself"), "{itself}");
        let mut stage = home.load(&using("late")).unwrap();
        let error = answer(&mut stage, "x").unwrap_err();
        assert!(error.file.ends_with("lib/late.rhai"), "{error}");
        assert_eq!(error.place, Some((2, 5)), "{error}");
    });
}

#[test]
fn what_a_library_does_not_have_is_found_before_it_is_called() {
    on_a_bots_stack(|| {
        let home = Home::new(&[
            (
                "lib/fmt.rhai",
                "import \"more\" as more;\nprivate fn own(n) { n }\nfn plural(n, text) { own(n) }",
            ),
            ("lib/more.rhai", "fn twice(n) { n + n }\nfn on_join(map) { map.list }"),
            ("lib/user.rhai", "import \"more\" as m;\nfn f() { m::twize(1) }"),
        ]);
        let using = |call: &str| {
            format!("import \"fmt\" as f;\nfn on_message(msg) {{\n  if false {{ {call}; }}\n}}")
        };
        for (call, message) in [
            ("f::plurral(2, \"x\")", "`f` has no function `plurral`; did you mean `plural`?"),
            ("let a = f::plural(2)", "it is `f::plural(n, text)`: 1 argument is given here"),
            ("f::own(2)", "`f` has no function `own` that others may call"),
            ("f::more::twize(2)", "`f::more` has no function `twize`; did you mean `twice`?"),
        ] {
            let refused = home.refused(&using(call));
            let column = if call.starts_with("let") { 25 } else { 17 };
            let column = if call.contains("more") { column + 6 } else { column };
            let wanted = format!("bots/test.rhai:3:{column}: error: {message}\n");
            assert!(refused.starts_with(&wanted), "{refused}");
        }
        assert!(home.load(&using("f::plural(2, \"x\"); f::more::twice(1)")).is_ok());
        let refused = home.refused("import \"user\" as u;\nfn on_message(msg) { }");
        let wanted =
            "lib/user.rhai:2:13: error: `m` has no function `twize`; did you mean `twice`?";
        assert!(refused.starts_with(wanted), "{refused}");
    });
}

#[test]
fn nothing_outside_the_library_is_read() {
    on_a_bots_stack(|| {
        let home =
            Home::new(&[("secret.rhai", "fn f(x) { x }"), ("lib/fine.rhai", "fn f(x) { x }")]);
        #[cfg(unix)]
        {
            let root = home.0.path();
            std::os::unix::fs::symlink(root.join("secret.rhai"), root.join("lib/link.rhai"))
                .unwrap();
            std::os::unix::fs::symlink("fine.rhai", root.join("lib/inner.rhai")).unwrap();
            std::os::unix::fs::symlink("/dev/zero", root.join("lib/zero.rhai")).unwrap();
            assert!(home.load("import \"inner\" as x; fn on_message(msg) { x::f(1) }").is_ok());
        }
        let absolute = home.0.path().join("secret");
        for name in [
            "../secret",
            "..",
            ".",
            "",
            "/etc/passwd",
            "lib/../../secret",
            "fine.rhai",
            "a/b",
            "a\\\\b",
            "link",
            "zero",
            "none",
            absolute.to_str().unwrap(),
        ] {
            let source = format!("import \"{name}\" as x;\nfn on_message(msg) {{ x::f(1) }}");
            let refused = home.refused(&source);
            assert!(refused.starts_with("bots/test.rhai:1:"), "{name}: {refused}");
            let said = ["`import` takes the name of a file", "cannot be imported: "];
            assert!(said.iter().any(|part| refused.contains(part)), "{name}: {refused}");
        }
        let computed = "let n = \"fi\" + \"ne\"; import n as x;\nfn on_message(msg) { x::f(1) }";
        assert!(home.refused(computed).contains("takes the name of a file in quotes"));
        let many: Vec<String> = (0..20).map(|n| format!("import \"l{n}\" as l{n};")).collect();
        let many = many.join("\n");
        for n in 0..20 {
            fs::write(home.0.path().join(format!("lib/l{n}.rhai")), "").unwrap();
        }
        let refused = home.refused(&format!("{many}\nfn on_message(msg) {{ }}"));
        assert!(refused.contains("at most 16 files"), "{refused}");
    });
}
