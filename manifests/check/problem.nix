# What can be wrong about a value: { path; message; } with, where it applies,
#   isWarning   the API server accepts the value, but it is hardly meant so
#   isRule      the value has the right type: the API server refuses it by a rule
let
  inherit (builtins)
    foldl'
    length
    match
    ;
  inherit (import ../../nix/refuse.nix) show;
in
{
  # Fields as kubectl writes them: spec.containers[web].image, metadata.annotations."a.b/c"
  fieldPath =
    path: key:
    let
      step = if match "[a-zA-Z_$][a-zA-Z0-9_-]*" key != null then key else builtins.toJSON key;
    in
    if path == "" then step else "${path}.${step}";

  itemPath = path: item: "${path}[${toString item}]";

  isWrong = path: value: expected: [
    {
      inherit path;
      message = "${path} is ${show value}, expected ${expected}";
    }
  ];
  isMissing = path: expected: [
    {
      inherit path;
      message = "${path} is missing, expected ${expected}";
    }
  ];
  isEmpty = path: expected: [
    {
      inherit path;
      message = "${path} is empty, expected ${expected}";
    }
  ];

  # Leaves out what rules and warnings say about a value that another problem is about already.
  withoutRepeats =
    problems:
    let
      isWarning = problem: problem.isWarning or false;
      # Walks over the problems with the paths of those so far; what isn't about this walk stays.
      walk =
        isMeant: isDropped: start:
        foldl'
          (
            { paths, kept }:
            problem:
            if !isMeant problem then
              {
                inherit paths;
                kept = kept ++ [ problem ];
              }
            else if isDropped problem && paths ? ${problem.path} then
              { inherit paths kept; }
            else
              {
                paths = paths // { ${problem.path} = null; };
                kept = kept ++ [ problem ];
              }
          )
          {
            inherit (start) paths;
            kept = [ ];
          }
          start.kept;
      errors = walk (problem: !isWarning problem) (problem: problem.isRule or false) {
        paths = { };
        kept = problems;
      };
    in
    # Most objects have none.
    if length problems < 2 then problems else (walk isWarning (_: true) errors).kept;
}
