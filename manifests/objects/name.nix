# Names of Kubernetes objects and the keys and values of their labels, as apimachinery's validation reads them.
let
  inherit (builtins)
    elemAt
    isString
    match
    stringLength
    ;
  inherit (import ../../nix/refuse.nix) refuse;

  isLabel =
    text:
    isString text && stringLength text <= 63 && match "[a-z0-9]([a-z0-9-]*[a-z0-9])?" text != null;
  isSubdomain =
    text:
    isString text
    && stringLength text <= 253
    && match "[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*" text != null;

  # A name with an optional prefix: "app", "app.kubernetes.io/name".
  isKey =
    text:
    let
      parts = match "(([^/]+)/)?([^/]+)" text;
      prefix = elemAt parts 1;
      name = elemAt parts 2;
    in
    isString text
    # A prefix, "/" and a name; regular expressions fail on texts that are very long.
    && stringLength text <= 253 + 1 + 63
    && parts != null
    && (prefix == null || isSubdomain prefix)
    && stringLength name <= 63
    && match "[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?" name != null;

  checker =
    isRight: expected: builder: field: value:
    if isRight value then value else refuse builder field value expected;
in
{
  # Containers, namespaces.
  checkLabel = checker isLabel (
    "an RFC 1123 label: at most 63 of a-z 0-9 -, beginning and ending with a letter or digit"
  );

  # Pods, and most other objects.
  checkSubdomain = checker isSubdomain (
    "an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
    + "each part beginning and ending with a letter or digit"
  );

  # Services: their names are in DNS, where older servers want a letter first.
  checkServiceName =
    checker (text: isLabel text && match "[a-z].*" text != null)
      "an RFC 1035 label: at most 63 of a-z 0-9 -, beginning with a letter, ending with a letter or digit";

  # Roles and whatever else is only a part of a URL.
  checkPathSegment = checker (
    text: isString text && match "[^/%]+" text != null && text != "." && text != ".."
  ) "a name without / and %, that isn't . or ..";

  # Ports, so that Services and probes may name them (IANA service names).
  checkPortName = checker (
    text:
    isLabel text
    && stringLength text <= 15
    && match ".*[a-z].*" text != null
    && match ".*--.*" text == null
  ) "at most 15 of a-z 0-9 -, with a letter in it, no - at either end and no two together";

  checkKey = checker isKey (
    "a name of at most 63 letters, digits, - _ ., after a prefix that is a subdomain and / if any"
  );

  checkLabelValue = checker (
    text:
    isString text
    && stringLength text <= 63
    && match "([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?" text != null
  ) "a string of at most 63 letters, digits, - _ ., beginning and ending with a letter or digit";
}
