//! Names that other languages have for what a script can do: what somebody who comes from them
//! writes first. Knows only the names, and suggests.

/// `did you mean …?`, if a function or a property has this name elsewhere.
pub(super) fn suggestion(name: &str) -> Option<String> {
    if name == "slice" {
        return Some("did you mean `sub_string`, or `extract` of an array?".into());
    }
    here(name).map(|here| format!("did you mean `{here}`?"))
}

fn here(name: &str) -> Option<&'static str> {
    Some(match name {
        "toLowerCase" | "toLower" | "lower" | "lowercase" | "downcase" | "to_lowercase" => {
            "to_lower"
        }
        "toUpperCase" | "toUpper" | "upper" | "uppercase" | "upcase" | "to_uppercase" => "to_upper",
        "includes" | "has" | "hasOwnProperty" | "has_key" | "contains_key" => "contains",
        "length" | "size" | "count" => "len",
        "substring" | "substr" => "sub_string",
        "startsWith" | "startswith" => "starts_with",
        "endsWith" | "endswith" => "ends_with",
        "indexOf" | "find_index" | "findIndex" => "index_of",
        "isEmpty" => "is_empty",
        "strip" => "trim",
        "replaceAll" | "gsub" => "replace",
        "add" => "push",
        "forEach" | "each" => "for_each",
        "parseInt" | "int" => "parse_int",
        "parseFloat" | "float" | "Number" => "parse_float",
        "toString" | "str" | "String" => "to_string",
        "typeof" => "type_of",
        "any" => "some",
        "every" => "all",
        "fold" => "reduce",
        "setTimeout" | "wait" => "after",
        "clearTimeout" => "cancel",
        _ => return None,
    })
}

/// What stands here for a word that is a value elsewhere.
pub(super) fn value(name: &str) -> Option<&'static str> {
    Some(match name {
        "null" | "nil" | "None" | "undefined" | "void" => "()",
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        "self" => "this",
        _ => return None,
    })
}

/// What stands here for a word that begins a statement elsewhere.
pub(super) fn keyword(word: &str) -> Option<&'static str> {
    Some(match word {
        "function" | "def" | "func" | "fun" => "fn",
        "var" | "local" => "let",
        "elif" | "elsif" | "elseif" => "else if",
        _ => return None,
    })
}

/// Whether a function changes the string or the array it is called on and gives nothing back.
pub(super) fn gives_nothing(name: &str) -> bool {
    const IN_PLACE: [&str; 20] = [
        "append",
        "chop",
        "clear",
        "crop",
        "dedup",
        "insert",
        "make_lower",
        "make_upper",
        "mixin",
        "pad",
        "push",
        "replace",
        "reverse",
        "set",
        "sort",
        "sort_by",
        "sort_desc",
        "splice",
        "trim",
        "truncate",
    ];
    IN_PLACE.contains(&name)
}
