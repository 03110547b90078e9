# Labels of Pods, and the selector that finds Pods by them. Both must agree: Kubernetes refuses a workload whose
# selector doesn't match its own Pods, and accepts a Service that matches no Pods without a message.
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

  # The recommended label for the name of an application.
  nameLabel = "app.kubernetes.io/name";

  # Tells whether the labels of a Pod meet a requirement (metav1.LabelSelectorRequirement).
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

  /**
    Returns the given labels with the name of the application. The default of that name is the object's name.
  */
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

  /**
    Returns the selector of a workload. Its default is the application's name alone: a selector can't be changed
    later, and labels can.
  */
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
