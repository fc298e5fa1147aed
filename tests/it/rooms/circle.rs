//! Which nodes of a graph lead back to themselves.

use std::collections::BTreeSet;

use super::reading::Graph;

/// Each set of modules of which every one leads to all others, sorted.
pub(super) fn circles(graph: &Graph) -> Vec<Vec<&str>> {
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for start in graph.keys() {
        let circle: Vec<&str> = reached(graph, start)
            .into_iter()
            .filter(|other| reached(graph, other).contains(start.as_str()))
            .collect();
        if circle.len() > 1 && seen.insert(circle.clone()) {
            circles.push(circle);
        }
    }
    circles
}

/// All that a module uses, directly or through others.
fn reached<'g>(graph: &'g Graph, start: &str) -> BTreeSet<&'g str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![start];
    while let Some(module) = next.pop() {
        for (used, _) in graph.get(module).into_iter().flatten() {
            if reached.insert(used.as_str()) {
                next.push(used);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::new();
        for (from, to) in edges {
            let uses = graph.entry((*from).into()).or_default();
            uses.insert((*to).into(), "a.rs".into());
        }
        graph
    }

    #[test]
    fn a_circle_is_found_once_and_what_hangs_on_it_is_not_in_it() {
        let graph = graph(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]);
        assert_eq!(circles(&graph), [["b", "c"]]);
    }

    #[test]
    fn a_graph_that_goes_one_way_has_none() {
        let graph = graph(&[("a", "b"), ("a", "c"), ("b", "c")]);
        assert!(circles(&graph).is_empty());
    }
}
