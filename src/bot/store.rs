//! `state` and `temp` in a script: maps whose every change can be undone. What they hold is in the
//! bot's mind; these are only the handles to it.

use super::host::Host;
use super::mind::Which;
use rhai::{Array, Dynamic, Engine, EvalAltResult, FuncRegistration, ImmutableString};
use std::fmt;
use std::sync::Arc;

/// The value of the names `state` and `temp`.
#[derive(Clone)]
pub(super) struct Store {
    host: Arc<Host>,
    which: Which,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.which.name())
    }
}

type Failed = Box<EvalAltResult>;

/// The two stores of a script, by their names. The engine must not keep the host alive that keeps
/// the engine's values: they are given out when they are asked for.
pub(super) fn store(host: &Arc<Host>, name: &str) -> Option<Dynamic> {
    let which = [Which::State, Which::Temp].into_iter().find(|which| which.name() == name)?;
    Some(Dynamic::from(Store { host: host.clone(), which }))
}

/// The names of the stores, known to every script.
pub(super) const STORES: [&str; 2] = ["state", "temp"];

/// Teaches an engine `state.x`, `state.x = …`, and what else maps can do.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Store>("store");
    engine.register_indexer_get(|store: &mut Store, key: ImmutableString| store.get(&key));
    // The handle is a constant, and what it leads to is not.
    FuncRegistration::new_index_setter()
        .with_purity(true)
        .register_into_engine(engine, |store: &mut Store, key: ImmutableString, value: Dynamic| {
            store.set(&key, value)
        });
    engine.register_fn("contains", |store: &mut Store, key: &str| {
        store.host.read(|kept| kept.map(store.which).contains_key(key))
    });
    engine.register_fn("keys", |store: &mut Store| {
        store.host.guard.charge(store.size());
        let key = |key: &rhai::Identifier| Dynamic::from(key.to_string());
        store.host.read(|kept| kept.map(store.which).keys().map(key).collect::<Array>())
    });
    engine.register_fn("values", |store: &mut Store| {
        store.host.guard.charge(store.size());
        store.host.read(|kept| kept.map(store.which).values().cloned().collect::<Array>())
    });
    engine.register_fn("len", |store: &mut Store| store.len());
    engine.register_get("len", |store: &mut Store| store.len());
    engine.register_fn("is_empty", |store: &mut Store| store.len() == 0);
    engine.register_fn("remove", |store: &mut Store, key: &str| store.remove(key));
    engine.register_fn("clear", |store: &mut Store| store.clear());
    for name in ["to_string", "to_debug"] {
        engine.register_fn(name, |store: &mut Store| store.show());
    }
}

impl Store {
    fn get(&self, key: &str) -> Dynamic {
        let found = self.host.read(|kept| kept.map(self.which).get(key).cloned());
        let found = found.unwrap_or_default();
        self.host.guard.charge_for(&found);
        found
    }

    fn set(&self, key: &str, value: Dynamic) -> Result<(), Failed> {
        let which = self.which;
        self.host.change(which.name(), Some(which), |kept, limits, _| {
            kept.set(which, key, value.flatten(), limits)
        })
    }

    /// Gives nothing, unlike a map's: it would be the answer of a handler that ends with it.
    fn remove(&self, key: &str) -> Result<(), Failed> {
        let which = self.which;
        self.host.change(which.name(), Some(which), |kept, _, _| {
            kept.map_mut(which).remove(key);
            Ok(())
        })
    }

    fn clear(&self) -> Result<(), Failed> {
        let which = self.which;
        self.host.change(which.name(), Some(which), |kept, _, _| {
            kept.map_mut(which).clear();
            Ok(())
        })
    }

    fn len(&self) -> i64 {
        i64::try_from(self.size()).unwrap_or(i64::MAX)
    }

    fn size(&self) -> usize {
        self.host.read(|kept| kept.map(self.which).len())
    }

    fn show(&self) -> String {
        let map = self.host.read(|kept| kept.map(self.which).clone());
        Dynamic::from_map(map).to_string()
    }
}
