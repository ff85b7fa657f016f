//! The chat as a pure function: what comes in, what is to be done, what is there to be drawn.

mod rooms;
mod writing;

use super::super::keys::Action;
use super::Msg;
use super::stage::stage;
use crossterm::event::KeyCode;

#[test]
fn every_action_has_a_key_and_no_key_breaks_an_empty_chat() {
    let actions = [
        Action::PageUp,
        Action::PageDown,
        Action::RowUp,
        Action::RowDown,
        Action::Top,
        Action::End,
        Action::Unread,
    ];
    let mut stage = stage();
    for (width, height) in [(0, 0), (1, 1), (1, 2), (80, 24)] {
        stage.does(Msg::Size(width, height));
        for action in actions {
            stage.app.scroll(action, &mut Vec::new());
        }
        for code in [KeyCode::F(1), KeyCode::F(2), KeyCode::F(3), KeyCode::F(4), KeyCode::Esc] {
            stage.press(code);
        }
        for c in 'a'..='y' {
            stage.ctrl(c);
            stage.press(KeyCode::Esc);
            stage.alt(c);
            stage.press(KeyCode::Esc);
        }
    }
}
