# Reads ports of images and of containers in a Pod: 8080, "8080", "53/udp".
let
  inherit (builtins)
    elemAt
    fromJSON
    isInt
    isString
    match
    ;
  inherit (import ./refuse.nix) refuse;
in
rec {
  isNumber = number: isInt number && number >= 1 && number <= 65535;

  # The default of --service-node-port-range.
  isNodePort = number: isInt number && number >= 30000 && number <= 32767;

  /**
    Reads a port.

    # Example

        parse "pod" "ports" "53/udp" => { number = 53; protocol = "udp"; }
  */
  parse =
    builder: field: port:
    let
      # At most five digits, and no zero in front: one port has one spelling, and `fromJSON` can read it.
      parts = if isString port then match "([1-9][0-9]{0,4})(/(tcp|udp|sctp))?" port else null;
      number = if isInt port then port else fromJSON (elemAt parts 0);
      protocol = if isInt port || elemAt parts 2 == null then "tcp" else elemAt parts 2;
    in
    if (isInt port || parts != null) && isNumber number then
      { inherit number protocol; }
    else
      refuse builder field port
        ''a port from 1 to 65535, with a protocol if not tcp: 8080, "53/udp", "9000/sctp"'';

  /**
    Returns a port in the form of an image's `ExposedPorts`.

    # Example

        exposed "image" "ports" "53/udp" => "53/udp"
  */
  exposed =
    builder: field: port:
    let
      inherit (parse builder field port) number protocol;
    in
    "${toString number}/${protocol}";
}
