/**
  Returns the number of a quantity, such as "500m" or "64Mi", or null (apimachinery, resource.ParseQuantity). The
  number is rounded to 53 bits. src/kubernetes/check/rules/quantity.ts does the same.
*/
let
  inherit (builtins)
    elemAt
    fromJSON
    isFloat
    isInt
    isString
    match
    ;

  # Small units are divided by, since a division is rounded once. So "100m" equals "0.1".
  divisors = {
    n = 1.0e9;
    u = 1.0e6;
    m = 1.0e3;
  };
  factors = {
    k = 1.0e3;
    M = 1.0e6;
    G = 1.0e9;
    T = 1.0e12;
    P = 1.0e15;
    E = 1.0e18;
    Ki = 1024.0;
    Mi = 1048576.0;
    Gi = 1073741824.0;
    Ti = 1099511627776.0;
    Pi = 1125899906842624.0;
    Ei = 1152921504606846976.0;
  };

  space = "[ \t\r\n]*";
  number = "([+-]?)([0-9]*)(\\.([0-9]*))?";
  suffix = "((n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?[0-9]+))?";
  parse = match "${space}${number}${suffix}${space}";
in
value:
let
  parts = parse value;
  part = index: if elemAt parts index == null then "" else elemAt parts index;
  orZero = digits: if digits == "" then "0" else digits;
  # A number of JSON has no zeros in front.
  whole = orZero (elemAt (match "0*([0-9]*)" (part 1)) 0);
  sign = if part 0 == "-" then "-" else "";
  exponent = if part 6 == "" then "" else "e${part 6}";
  digits = fromJSON "${sign}${whole}.${orZero (part 3)}${exponent}";
  unit = part 5;
in
if isInt value || isFloat value then
  value
else if !isString value || parts == null || part 1 + part 3 == "" then
  null
else
  digits * (factors.${unit} or 1.0) / (divisors.${unit} or 1.0)
