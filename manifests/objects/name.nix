# Names of Kubernetes objects, and keys and values of their labels, by the rules of apimachinery's validation.
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
    # A prefix, "/" and a name. Regular expressions fail on very long texts.
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
  /**
    Checks the name of a container or a namespace.
  */
  checkLabel = checker isLabel (
    "an RFC 1123 label: at most 63 of a-z 0-9 -, beginning and ending with a letter or digit"
  );

  /**
    Checks the name of a Pod, and of most other objects.
  */
  checkSubdomain = checker isSubdomain (
    "an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
    + "each part beginning and ending with a letter or digit"
  );

  /**
    Checks the name of a Service. It is a name in DNS, where older servers require a letter first.
  */
  checkServiceName =
    checker (text: isLabel text && match "[a-z].*" text != null)
      "an RFC 1035 label: at most 63 of a-z 0-9 -, beginning with a letter, ending with a letter or digit";

  /**
    Checks the name of a Role, or of another object whose name is only a part of a URL.
  */
  checkPathSegment = checker (
    text: isString text && match "[^/%]+" text != null && text != "." && text != ".."
  ) "a name without / and %, that isn't . or ..";

  /**
    Checks the name of a port, for Services and probes that refer to it (IANA service names).
  */
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
