/**
  Collects what only evaluation knows of packages: licence, homepage, description, identifiers and the like. The store
  has nothing of it, so an image takes it along in a file (docs/sbom.md).

  The packages are those that are given, and what each needs at run time as far as its attributes name it. The paths in
  the result have no string context: a file with them refers to nothing, and needs nothing.
*/
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    deepSeq
    elemAt
    filter
    genericClosure
    head
    isAttrs
    isList
    isString
    listToAttrs
    match
    parseDrvName
    split
    tryEval
    unsafeDiscardStringContext
    ;
  inherit (import ./store-path.nix) parse;

  # Attributes of a derivation that hold packages which its outputs may need at run time.
  runtimeAttributes = [
    "buildInputs"
    "depsHostHost"
    "depsTargetTarget"
    "paths"
    "propagatedBuildInputs"
    "propagatedUserEnvPkgs"
  ];

  plain = unsafeDiscardStringContext;

  # Metadata is a courtesy: what can't be evaluated is left out, and stops nobody's build.
  attempt =
    default: value:
    let
      result = tryEval (deepSeq value value);
    in
    if result.success then result.value else default;

  isPackage = value: isAttrs value && value.type or null == "derivation";

  packagesIn =
    value:
    if isList value then
      concatMap packagesIn value
    else if isPackage value then
      [ value ]
    else
      [ ];

  # The C library and the compiler's own libraries.
  compilerLibraries =
    package:
    let
      compiler = package.stdenv.cc or { };
    in
    packagesIn [
      (compiler.libc or null)
      (compiler.cc or null)
    ];

  neighbours =
    package:
    concatMap (name: found (packagesIn (package.${name} or null))) runtimeAttributes
    ++ found (compilerLibraries package);

  found =
    packages:
    let
      result = tryEval packages;
    in
    if result.success then result.value else [ ];

  # A node of genericClosure, or nothing for a package whose path can't be evaluated, or is known only once it is built.
  toNode =
    package:
    let
      path = attempt null (plain "${package.outPath}");
    in
    if path == null || parse path == null then
      [ ]
    else
      [
        {
          key = path;
          inherit package;
        }
      ];

  reached =
    packages:
    genericClosure {
      startSet = concatMap toNode packages;
      operator = { package, ... }: concatMap toNode (neighbours package);
    };

  text = value: if isString value && value != "" then plain value else null;
  first = value: if isList value then (if value == [ ] then null else head value) else value;

  # The licence of nixpkgs' `lib.licenses`, as an SPDX expression where it is one, else as a name. nixpkgs has combined
  # licences since 2026: { licenseType = "compound"; operator = "OR"; licenses = [ … ]; }.
  licenceText =
    licence:
    let
      bracket =
        part:
        if part.licenseType or "simple" == "simple" then licenceText part else "(${licenceText part})";
    in
    if isString licence then
      licence
    else if licence.licenseType or "simple" == "compound" then
      concatStringsSep " ${licence.operator} " (map bracket licence.licenses)
    else if licence.licenseType or "simple" == "exception" then
      "${licenceText licence.license} ${licence.operator} ${licenceText licence.exception}"
    else if licence.licenseType or "simple" == "plus" then
      "${licenceText licence.license}+"
    else
      licence.spdxId or licence.fullName or licence.shortName;

  licences =
    meta:
    filter (licence: licence != null) (
      map (licence: attempt null (text (licenceText licence))) (
        let
          given = attempt [ ] (meta.license or [ ]);
        in
        if isList given then given else [ given ]
      )
    );

  # "/nix/store/<hash>-source/pkgs/hello/default.nix:12" -> "pkgs/hello/default.nix:12". The rest is the machine's.
  position =
    meta:
    let
      given = text (meta.position or null);
      below = if given == null then null else match ".*/(pkgs/.*)" given;
      parts = filter isString (split "/" given);
    in
    if given == null then
      null
    else if below != null then
      head below
    else
      elemAt parts (builtins.length parts - 1);

  # The organisation that maintains a package: the teams that nixpkgs names, else nixpkgs as a whole.
  supplier =
    meta:
    let
      teams = filter isString (map (team: team.shortName or null) (meta.teams or [ ]));
    in
    if text (meta.supplier or null) != null then
      text meta.supplier
    else if teams != [ ] then
      "nixpkgs (${concatStringsSep ", " teams})"
    else if meta ? maintainers && match "pkgs/.*" (orEmpty (position meta)) != null then
      "nixpkgs"
    else
      null;

  orEmpty = value: if value == null then "" else value;

  facts =
    package:
    let
      meta = package.meta or { };
      parsed = parseDrvName (package.name or "");
      field = value: attempt null value;
    in
    withoutNulls {
      pname = field (text (package.pname or parsed.name));
      version = field (text (package.version or parsed.version));
      licences = licences meta;
      homepage = field (text (first (meta.homepage or null)));
      description = field (text (meta.description or null));
      cpe = field (text (meta.identifiers.cpe or null));
      purl = field (text (meta.identifiers.purl or null));
      position = field (position meta);
      supplier = field (supplier meta);
      knownVulnerabilities = attempt [ ] (filter isString (meta.knownVulnerabilities or [ ]));
    };

  withoutNulls =
    set:
    listToAttrs (
      concatMap (
        name:
        if set.${name} == null || set.${name} == [ ] then
          [ ]
        else
          [
            {
              inherit name;
              value = set.${name};
            }
          ]
      ) (attrNames set)
    );

  # Whether evaluation knows more than the store does.
  isTold = package: package ? meta || package ? pname;

  outputsOf =
    package:
    concatMap (
      outputName:
      let
        path = attempt null (plain "${(package.${outputName} or package).outPath}");
      in
      if path == null || parse path == null then
        [ ]
      else
        [
          {
            name = path;
            value = facts package // {
              inherit outputName;
            };
          }
        ]
    ) (attempt [ "out" ] (package.outputs or [ "out" ]));
in
/**
  Returns an attribute set: store path -> { pname; version; outputName; licences; homepage; description; cpe; purl;
  position; supplier; knownVulnerabilities; }, each where it is known. `licences` and `knownVulnerabilities` are lists
  of strings.

  # Example

      packageMetadata [ hello ] => { "/nix/store/<hash>-hello-2.12" = { pname = "hello"; licences = [ "MIT" ]; … }; }
*/
packages:
listToAttrs (
  concatMap ({ package, ... }: if isTold package then outputsOf package else [ ]) (
    reached (packagesIn packages)
  )
)
