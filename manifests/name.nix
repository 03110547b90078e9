# Names of Kubernetes objects (RFC 1123, as apimachinery's validation reads it).
let
  inherit (builtins) isString match stringLength;
  inherit (import ../nix/refuse.nix) refuse;

  isLabel = text: isString text && stringLength text <= 63 && match "[a-z0-9]([a-z0-9-]*[a-z0-9])?" text != null;
  isSubdomain =
    text:
    isString text
    && stringLength text <= 253
    && match "[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*" text != null;
in
{
  # Containers, namespaces.
  checkLabel =
    builder: field: name:
    if isLabel name then
      name
    else
      refuse builder field name "an RFC 1123 label: at most 63 of a-z 0-9 -, beginning and ending with a letter or digit";

  # Pods, and most other objects.
  checkSubdomain =
    builder: field: name:
    if isSubdomain name then
      name
    else
      refuse builder field name "an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., each part beginning and ending with a letter or digit";
}
