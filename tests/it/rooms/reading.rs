//! What the modules of a crate use of each other, by `crate::..` paths in their code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// What each module uses, with a file in which it does.
pub(super) type Graph = BTreeMap<String, BTreeMap<String, PathBuf>>;

/// Reads a `src`. Tests are left out: they may use what they test.
pub(super) fn read(source: &Path) -> Graph {
    let files = files(source);
    let modules: BTreeSet<String> = files.iter().map(|file| module_of(file)).collect();
    let root = tokens(&source.join("lib.rs"));
    let exported = exports(root, &modules);
    let mut graph = Graph::new();
    for file in files {
        let module = module_of(&file);
        let mut used = BTreeSet::new();
        uses(tokens(&source.join(&file)), &mut used);
        for name in used {
            let other = exported.get(&name).unwrap_or(&name);
            if *other != module && modules.contains(other) {
                let uses = graph.entry(module.clone()).or_default();
                uses.entry(other.clone()).or_insert_with(|| file.clone());
            }
        }
    }
    graph
}

/// Paths of files below a `src`, without its root and without tests.
pub(super) fn files(source: &Path) -> Vec<PathBuf> {
    let mut folders = vec![source.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap();
            if stem == "tests" || path == source.join("lib.rs") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(source).unwrap().to_owned());
            }
        }
    }
    files
}

/// The first part of a file's path.
fn module_of(file: &Path) -> String {
    let first = file.components().next().unwrap();
    let first = Path::new(first.as_os_str());
    first.file_stem().unwrap().to_str().unwrap().to_owned()
}

fn tokens(file: &Path) -> Vec<TokenTree> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let tokens: TokenStream = text.parse().unwrap();
    without_tests(tokens.into_iter().collect())
}

/// Leaves out each item under `#[cfg(test)]`.
fn without_tests(tokens: Vec<TokenTree>) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        if token.to_string() != "[cfg (test)]" && token.to_string() != "[cfg(test)]" {
            kept.push(token);
            continue;
        }
        // An item ends with its body or with a semicolon; an attribute before it is neither.
        for token in tokens.by_ref() {
            let text = token.to_string();
            if text == ";" || text.starts_with('{') {
                break;
            }
        }
    }
    kept
}

/// Collects what follows `crate::`, in all groups too.
fn uses(tokens: Vec<TokenTree>, used: &mut BTreeSet<String>) {
    let texts: Vec<String> = tokens.iter().map(head).collect();
    for (at, token) in tokens.into_iter().enumerate() {
        let path = at.checked_sub(3).map(|from| &texts[from..at]);
        let is_after_crate = path.is_some_and(|path| path == ["crate", ":", ":"]);
        match token {
            TokenTree::Ident(name) if is_after_crate => {
                used.insert(name.to_string());
            }
            TokenTree::Group(group) if is_after_crate => used.extend(firsts(group.stream())),
            TokenTree::Group(group) => uses(group.stream().into_iter().collect(), used),
            _ => {}
        }
    }
}

/// The text of a token, and nothing of a group, whose text may be a whole file.
fn head(token: &TokenTree) -> String {
    match token {
        TokenTree::Group(_) => String::new(),
        other => other.to_string(),
    }
}

/// The first name of each path in `{a::b, c}`.
fn firsts(list: TokenStream) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_first = true;
    for token in list {
        match token {
            TokenTree::Ident(name) if is_first => {
                names.insert(name.to_string());
                is_first = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == ',' => is_first = true,
            _ => {}
        }
    }
    names
}

/// Which module each name is of that the root makes known by `use module::..`.
fn exports(root: Vec<TokenTree>, modules: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut exported = BTreeMap::new();
    let mut names: Option<Vec<String>> = None;
    for token in root {
        match (&mut names, token.to_string().as_str()) {
            (None, "use") => names = Some(Vec::new()),
            (Some(found), ";") => {
                let module = found.first().filter(|first| modules.contains(*first));
                if let Some(module) = module.cloned() {
                    exported.extend(found.drain(1..).map(|name| (name, module.clone())));
                }
                names = None;
            }
            (Some(found), _) => idents(token, found),
            (None, _) => {}
        }
    }
    exported
}

fn idents(token: TokenTree, found: &mut Vec<String>) {
    match token {
        TokenTree::Ident(name) => found.push(name.to_string()),
        TokenTree::Group(group) => group
            .stream()
            .into_iter()
            .for_each(|own| idents(own, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<TokenTree> {
        let tokens: TokenStream = text.parse().unwrap();
        without_tests(tokens.into_iter().collect())
    }

    fn used(text: &str) -> Vec<String> {
        let mut used = BTreeSet::new();
        uses(of(text), &mut used);
        used.into_iter().collect()
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        let code = "use crate::a::B; use crate::{c::{D, E}, f}; fn g() { h!(crate::i::J) } pub(crate) fn k() {}";
        assert_eq!(used(code), ["a", "c", "f", "i"]);
    }

    #[test]
    fn comments_texts_and_tests_use_nothing() {
        let code = r#"
            //! [`a`](crate::a)
            /// crate::b
            const C: &str = "crate::c";
            #[cfg(test)]
            #[path = "x.rs"]
            mod tests { use crate::d; }
            #[cfg(test)]
            use crate::e;
            use crate::f;
        "#;
        assert_eq!(used(code), ["f"]);
    }

    #[test]
    fn a_name_that_the_root_exports_is_of_its_module() {
        let modules = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        let root = "mod a; pub use a::{c::D, E}; pub(crate) use b::F; pub use other::G;";
        let exported = exports(of(root), &modules);
        let of = |name: &str| exported.get(name).map(String::as_str);
        assert_eq!(
            [of("D"), of("E"), of("F"), of("G")],
            [Some("a"), Some("a"), Some("b"), None]
        );
    }
}
