//! What one segment has to say to a question. Knows no file: a segment that is damaged says so, and
//! says nothing else.

use super::bytes::Damaged;
use super::view::{Item, Names, View};
use super::words::{Words, fold};
use crate::wire::entry::{Entry, Seq};

/// The first entries of a segment after a number and up to another, and whether there are more.
pub(super) fn part_after(
    blob: &[u8],
    after: Seq,
    stop: Option<Seq>,
    limit: usize,
    names: &mut Names,
) -> Result<(Vec<Entry>, bool), Damaged> {
    let view = View::open(blob)?;
    let mut entries = Vec::new();
    for item in view.items() {
        let item = item?;
        if item.seq <= after {
            continue;
        }
        if entries.len() >= limit || stop.is_some_and(|stop| item.seq > stop) {
            return Ok((entries, true));
        }
        entries.push(view.entry(&item, names)?.entry);
    }
    Ok((entries, false))
}

/// The last entries of a segment before a number, newest first, and whether there are more.
pub(super) fn part_before(
    blob: &[u8],
    before: Seq,
    limit: usize,
    names: &mut Names,
) -> Result<(Vec<Entry>, bool), Damaged> {
    let view = View::open(blob)?;
    let items = items_before(&view, before)?;
    let taken = items.iter().rev().take(limit).map(|item| Ok(view.entry(item, names)?.entry));
    Ok((taken.collect::<Result<_, _>>()?, items.len() > limit))
}

/// Those of a segment's entries that have the words, of the ones with these numbers.
pub(super) fn those(
    blob: &[u8],
    seqs: &[Seq],
    words: &Words,
    names: &mut Names,
) -> Result<Vec<Entry>, Damaged> {
    let view = View::open(blob)?;
    let items: Vec<Item<'_>> = view.items().collect::<Result<_, _>>()?;
    let find = |seq| items.binary_search_by_key(seq, |item| item.seq).ok();
    let items = seqs.iter().filter_map(|seq| items.get(find(seq)?));
    matching(&view, items, words, names)
}

/// Those of a segment's entries before a number that have the words, newest first.
pub(super) fn with(
    blob: &[u8],
    before: Seq,
    words: &Words,
    names: &mut Names,
) -> Result<Vec<Entry>, Damaged> {
    let view = View::open(blob)?;
    let items = items_before(&view, before)?;
    matching(&view, items.iter().rev(), words, names)
}

fn matching<'a, 'v: 'a>(
    view: &View<'v>,
    items: impl Iterator<Item = &'a Item<'v>>,
    words: &Words,
    names: &mut Names,
) -> Result<Vec<Entry>, Damaged> {
    let (mut found, mut folded) = (Vec::new(), String::new());
    for item in items {
        if let Some(text) = view.text(item)? {
            fold(text, &mut folded);
            if words.are_in(&folded) {
                found.push(view.entry(item, names)?.entry);
            }
        }
    }
    Ok(found)
}

fn items_before<'a>(view: &View<'a>, before: Seq) -> Result<Vec<Item<'a>>, Damaged> {
    let mut items = view.items().collect::<Result<Vec<_>, _>>()?;
    items.truncate(items.partition_point(|item| item.seq < before));
    Ok(items)
}
