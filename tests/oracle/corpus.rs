//! What is hostile to a terminal, each with a word by which it would be known. Sequences have
//! numbers that chaty itself never writes, so that one that came through is seen to be none of ours.

/// Each has this in it.
pub(crate) const WORD: &str = "PWNED";

pub(crate) const CORPUS: [&str; 53] = [
    // Operating system commands: titles, clipboard, links, notifications, palette, files.
    "\u{1b}]0;PWNED\u{7}",
    "\u{1b}]1;PWNED\u{7}",
    "\u{1b}]2;PWNED\u{1b}\\",
    "\u{1b}]52;c;UFdORUQ=\u{7}PWNED",
    "\u{1b}]52;c;?\u{7}PWNED",
    "\u{1b}]8;;file:///evil\u{1b}\\PWNED\u{1b}]8;;\u{1b}\\",
    "\u{1b}]9;PWNED\u{7}",
    "\u{1b}]777;notify;PWNED;x\u{7}",
    "\u{1b}]4;1;rgb:11/22/33\u{7}PWNED",
    "\u{1b}]1337;File=inline=1:UFdORUQ=\u{7}PWNED",
    "\u{1b}]kPWNED\u{1b}\\",
    // Control sequences: erase, move, colours, modes, questions, regions, sizes.
    "\u{1b}[3J\u{1b}[7;7HPWNED",
    "\u{1b}[2J\u{1b}[3;9HPWNED",
    "\u{1b}[38;5;213;48;5;22mPWNED",
    "\u{1b}[5;7;8;9;21;53mPWNED",
    "\u{1b}[?1049l\u{1b}[?25l\u{1b}[?1000h\u{1b}[?1003h\u{1b}[?1006hPWNED",
    "\u{1b}[?5h\u{1b}[?7l\u{1b}[?69h\u{1b}[4h\u{1b}[20hPWNED",
    "\u{1b}[6n\u{1b}[c\u{1b}[>q\u{1b}[21tPWNED",
    "\u{1b}[5;9r\u{1b}[?6hPWNED",
    "\u{1b}[8;3;7t\u{1b}[3;0;0tPWNED",
    "\u{1b}[!pPWNED\u{1b}[6 q",
    "a\u{1b}[9999bPWNED\u{1b}[9999@\u{1b}[99P\u{1b}[99L\u{1b}[99M\u{1b}[99X\u{1b}[99S\u{1b}[99T",
    // Other strings: DCS, APC, PM, SOS, a title of screen(1).
    "\u{1b}P$qm\u{1b}\\PWNED",
    "\u{1b}P1000pPWNED",
    "\u{1b}_Gf=24;PWNED\u{1b}\\",
    "\u{1b}^PWNED\u{1b}\\",
    "\u{1b}XPWNED\u{1b}\\",
    "\u{1b}kPWNED\u{1b}\\",
    // Escapes of two bytes: reset, save and restore, index, keypad, character sets, alignment.
    "\u{1b}cPWNED",
    "\u{1b}7\u{1b}8\u{1b}D\u{1b}E\u{1b}H\u{1b}M\u{1b}ZPWNED",
    "\u{1b}=\u{1b}>\u{1b}NPWNED\u{1b}O",
    "\u{1b}(0PWNED\u{1b})0\u{1b}#8\u{1b}%@",
    // Begun and never ended: they would swallow what follows.
    "PWNED\u{1b}",
    "PWNED\u{1b}[",
    "PWNED\u{1b}]0;",
    "PWNED\u{1b}P",
    "PWNED\u{90}",
    // The same in one character each.
    "\u{9b}31mPWNED\u{9d}0;x\u{9c}",
    "\u{90}PWNED\u{9c}\u{98}x\u{9c}",
    "\u{9f}PWNED\u{9c}\u{9e}x\u{9c}",
    "\u{84}\u{85}\u{88}\u{8d}\u{8e}\u{8f}\u{9a}PWNED",
    // Controls, and what some take for the end of a line.
    "a\rPWNED\u{8}\u{8}\u{c}\u{b}",
    "\u{7}\u{0}\u{7f}\u{e}\u{f}\u{5}PWNED",
    "a\t\tPWNED\r\nKICK",
    "line\u{2028}PWNED\u{2029}\u{85}",
    // What reorders, and what is not seen.
    "\u{202e}DENWP\u{202c}\u{2066}PWNED\u{2069}\u{200f}\u{200e}\u{61c}\u{202a}\u{202b}\u{202d}",
    "\u{2067}\u{2068}PWNED",
    "PWN\u{200b}\u{feff}\u{2060}\u{ad}ED PWNED\u{200d}\u{200c}",
    "\u{e0041}\u{e0001}PWNED\u{e007f}\u{115f}\u{3164}\u{ffa0}\u{fe0f}\u{180e}",
    "\u{fff9}PWNED\u{fffa}x\u{fffb}\u{fffe}\u{ffff}\u{fdd0}",
    "\u{e000}PWNED\u{f8ff}\u{f0000}\u{10fffd}",
    // Marks without end, and letters of two cells across every edge.
    "z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}PWNED",
    "x界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界PWNED",
];

/// A line as long as one may be, of letters of two cells.
pub(crate) fn longest() -> String {
    format!("{WORD}{}", "界".repeat((4096 - WORD.len()) / "界".len()))
}

/// The corpus in a few texts, each short enough for a message.
pub(crate) fn messages() -> Vec<String> {
    let mut messages = vec![String::new()];
    for text in CORPUS {
        if messages.last().is_some_and(|message| message.len() + text.len() > 1000) {
            messages.push(String::new());
        }
        messages.last_mut().unwrap().push_str(text);
    }
    messages
}

/// What no output may have in it, wherever it goes: C1, marks of direction, what is unseen.
pub(crate) fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{3164}' | '\u{ffa0}'
        | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' | '\u{7f}')
}

#[test]
fn every_text_of_the_corpus_has_the_word_and_is_hostile() {
    for text in CORPUS.iter().copied().chain([longest().as_str()]) {
        assert!(text.contains(WORD), "{text:?}");
        let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
        assert!(!text.chars().all(is_plain), "{text:?}");
    }
    assert!(longest().len() > 4090 && longest().len() <= 4096);
    assert!(messages().iter().all(|message| message.len() <= 4096));
    assert_eq!(messages().concat(), CORPUS.concat());
}
