# Reads times of RFC 3339, section 5.6, as Go does. containerd and podman are written in Go. There are no leap
# seconds.
let
  inherit (builtins)
    elemAt
    fromJSON
    isString
    match
    ;

  # "08" -> 8
  number = digits: fromJSON (elemAt (match "0*([0-9]+)" digits) 0);

  isLeap = year: isMultiple 4 year && (!isMultiple 100 year || isMultiple 400 year);
  isMultiple = of: count: count / of * of == count;

  daysIn =
    year: month:
    if month == 2 then
      (if isLeap year then 29 else 28)
    else if month == 4 || month == 6 || month == 9 || month == 11 then
      30
    else
      31;
in
{
  /**
    Tells whether a value is the text of a moment.
  */
  isTime =
    text:
    let
      date = "([0-9]{4})-([0-9]{2})-([0-9]{2})";
      clock = "([0-9]{2}):([0-9]{2}):([0-9]{2})([.][0-9]+)?";
      zone = "(Z|[+-]([0-9]{2}):([0-9]{2}))";
      parts = match "${date}T${clock}${zone}" text;
      at = index: number (elemAt parts index);
      isWithin =
        least: most: index:
        at index >= least && at index <= most;
    in
    isString text
    && parts != null
    && isWithin 1 12 1
    && isWithin 1 (daysIn (at 0) (at 1)) 2
    && isWithin 0 23 3
    && isWithin 0 59 4
    && isWithin 0 59 5
    && (elemAt parts 7 == "Z" || (isWithin 0 23 8 && isWithin 0 59 9));
}
