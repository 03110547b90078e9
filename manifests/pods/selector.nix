# Labels, and the selector that finds Pods by them, kept in step: Kubernetes refuses a workload whose selector doesn't
# match its own Pods, and takes a Service that matches none without a word.
let
  inherit (builtins)
    attrNames
    elem
    filter
    head
    intersectAttrs
    isAttrs
    isList
    toJSON
    ;
  showLabels = import ../objects/show-labels.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) labels;

  # The recommended label for what an application is called.
  nameLabel = "app.kubernetes.io/name";

  # metav1.LabelSelectorRequirement, against the labels of a Pod.
  holds =
    builder: podLabels:
    {
      key ? throw "${builder}: a requirement in selector.matchExpressions has no key",
      operator ? throw "${builder}: a requirement in selector.matchExpressions has no operator",
      values ? [ ],
      ...
    }:
    let
      has = podLabels ? ${key};
      isIn = has && elem podLabels.${key} values;
      operators = {
        In = isIn;
        NotIn = !isIn;
        Exists = has;
        DoesNotExist = !has;
      };
    in
    operators.${operator} or (refuse builder "selector.matchExpressions.${key}.operator" operator
      "In, NotIn, Exists or DoesNotExist"
    );
in
rec {
  inherit nameLabel;

  # Labels as given, and the application's name, which is the object's where no other is said.
  withName =
    builder: name: given:
    labels builder "labels" (
      if given == null then
        { ${nameLabel} = name; }
      else if isAttrs given then
        { ${nameLabel} = name; } // given
      else
        refuse builder "labels" given "an attribute set of strings"
    );

  # { app = "web"; } is short for { matchLabels = { app = "web"; }; }.
  parse =
    builder: selector:
    if !isAttrs selector then
      refuse builder "selector" selector "an attribute set: labels, or matchLabels and matchExpressions"
    else if selector ? matchLabels || selector ? matchExpressions then
      selector
    else
      { matchLabels = labels builder "selector" selector; };

  # The selector of a workload: by the application's name alone, since it can't be changed later, and labels may be.
  forPods =
    builder: podLabels: given:
    let
      selector =
        if given == null then
          { matchLabels = intersectAttrs { ${nameLabel} = null; } podLabels; }
        else
          parse builder given;
      wanted = selector.matchLabels or { };
      missing = filter (key: podLabels.${key} or null != wanted.${key}) (attrNames wanted);
      first = head missing;
      expressions = selector.matchExpressions or [ ];
      unmet =
        if isList expressions then
          filter (requirement: !holds builder podLabels requirement) expressions
        else
          refuse builder "selector.matchExpressions" expressions "a list";
      shown = showLabels podLabels;
    in
    if missing != [ ] then
      throw (
        "${builder}: selector.matchLabels.${toJSON first} is ${toJSON wanted.${first}}, "
        + "expected what the labels of the Pods say: ${shown}"
      )
    else if unmet != [ ] then
      throw (
        "${builder}: selector.matchExpressions for ${toJSON (head unmet).key} doesn't hold for the "
        + "labels of the Pods, which are: ${shown}"
      )
    else if wanted == { } && expressions == [ ] then
      throw "${builder}: selector is empty, expected labels of the Pods"
    else
      selector;
}
