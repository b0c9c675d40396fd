//! The picture of a definition.

use crate::definition::{Definition, Graph, StateId};

fn drawn(graph: &Graph, definition: &Definition) -> Vec<String> {
    let name = |id: StateId| definition.state(id).name.as_str();
    let mut lines = vec![format!("start {}", name(graph.start))];
    for node in &graph.nodes {
        let calls = node.calls.as_deref().map(|calls| format!(" calls {calls}")).unwrap_or_default();
        lines.push(format!("{} {}{calls}{}", node.kind, node.name, if node.ends { " ends" } else { "" }));
        for inside in &node.inside {
            lines.extend(drawn(inside, definition).into_iter().map(|line| format!("  {line}")));
        }
    }
    lines.extend(
        graph
            .edges
            .iter()
            .map(|e| format!("{} -> {} {}{}", name(e.from), name(e.to), e.label, if e.on_error { " !" } else { "" })),
    );
    lines
}

#[test]
fn a_picture_has_nodes_edges_and_blocks_inside() {
    let text = r#"{"StartAt":"Look","States":{
        "Look":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"Next":"Which","Catch":[{"ErrorEquals":["States.Timeout","E"],"Next":"Bad"}]},
        "Which":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"Look"},{"Variable":"$.b","IsNull":true,"Next":"Both"}],"Default":"Bad"},
        "Both":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"L","States":{"L":{"Type":"Task","Resource":"arn:aws:lambda:eu-west-1:123456789012:function:g:1","Next":"M"},"M":{"Type":"Succeed"}}}]},
        "Bad":{"Type":"Fail"}}}"#;
    let definition = Definition::parse(text).expect("a sound definition");
    assert_eq!(
        drawn(&definition.graph(), &definition),
        [
            "start Look",
            "Task Look calls lambda:invoke",
            "Choice Which",
            "Parallel Both ends",
            "  start L",
            "  Task L calls g:1",
            "  Succeed M ends",
            "  L -> M Next",
            "Fail Bad ends",
            "Look -> Which Next",
            "Look -> Bad Catch States.Timeout, E !",
            "Which -> Look Choice 1",
            "Which -> Both Choice 2",
            "Which -> Bad Default",
        ]
    );
}
