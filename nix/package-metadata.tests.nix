# Cases of the metadata of packages.
{ ... }:
let
  packageMetadata = import ./package-metadata.nix;
  package =
    name: attributes:
    derivation {
      inherit name;
      system = "x86_64-linux";
      builder = "/bin/sh";
    }
    // attributes;
  # The facts of a package with this `meta`, whatever its path.
  factsOf =
    meta: builtins.head (builtins.attrValues (packageMetadata [ (package "a-1.2" { inherit meta; }) ]));
  licencesOf = license: (factsOf { inherit license; }).licences or [ ];
  names = packages: map (facts: facts.pname) (builtins.attrValues (packageMetadata packages));
  mit = {
    spdxId = "MIT";
    shortName = "mit";
    licenseType = "simple";
  };
  isc = {
    spdxId = "ISC";
  };
in

{
  gives = {
    "a package without metadata" = {
      expr = packageMetadata [
        (package "a-1.2" { })
        "text"
        null
      ];
      expected = { };
    };
    "its facts" = {
      expr = factsOf {
        description = "A tool";
        homepage = "https://example.org";
        knownVulnerabilities = [ "CVE-2024-1" ];
        identifiers = {
          cpe = "cpe:2.3:a:x:a:1.2:*:*:*:*:*:*:*";
          purl = "pkg:pypi/a@1.2";
        };
      };
      expected = {
        pname = "a";
        version = "1.2";
        outputName = "out";
        description = "A tool";
        homepage = "https://example.org";
        knownVulnerabilities = [ "CVE-2024-1" ];
        cpe = "cpe:2.3:a:x:a:1.2:*:*:*:*:*:*:*";
        purl = "pkg:pypi/a@1.2";
      };
    };
    "one licence" = {
      expr = licencesOf mit;
      expected = [ "MIT" ];
    };
    "several licences" = {
      expr = licencesOf [
        mit
        isc
      ];
      expected = [
        "MIT"
        "ISC"
      ];
    };
    "a licence without an SPDX identifier" = {
      expr = licencesOf {
        fullName = "Own licence";
        shortName = "own";
      };
      expected = [ "Own licence" ];
    };
    "the name of a licence" = {
      expr = licencesOf "unknown";
      expected = [ "unknown" ];
    };
    "a choice of licences" = {
      expr = licencesOf {
        licenseType = "compound";
        operator = "AND";
        licenses = [
          mit
          {
            licenseType = "compound";
            operator = "OR";
            licenses = [
              isc
              {
                licenseType = "exception";
                operator = "WITH";
                license.spdxId = "GPL-2.0-only";
                exception.spdxId = "Classpath-exception-2.0";
              }
            ];
          }
        ];
      };
      expected = [ "MIT AND (ISC OR (GPL-2.0-only WITH Classpath-exception-2.0))" ];
    };
    "a licence that can't be evaluated" = {
      expr = licencesOf (throw "no licence");
      expected = [ ];
    };
    "a position in nixpkgs, without the machine's part" = {
      expr = (
        factsOf {
          position = "/home/ann/nixpkgs/pkgs/tools/a/default.nix:12";
          maintainers = [ ];
        }
      );
      expected = {
        pname = "a";
        version = "1.2";
        outputName = "out";
        position = "pkgs/tools/a/default.nix:12";
        supplier = "nixpkgs";
      };
    };
    "a position elsewhere" = {
      expr = (factsOf { position = "/home/ann/a.nix:1"; }).position;
      expected = "a.nix:1";
    };
    "the team that maintains a package" = {
      expr = (factsOf { teams = [ { shortName = "Security"; } ]; }).supplier;
      expected = "nixpkgs (Security)";
    };
    "packages that it needs at run time, each once" = {
      expr =
        let
          b = package "b" {
            pname = "b";
            propagatedBuildInputs = [
              [ (package "c" { pname = "c"; }) ]
              null
              "text"
            ];
          };
          a = package "a" {
            pname = "a";
            buildInputs = [ b ];
            nativeBuildInputs = [ (package "compiler" { pname = "compiler"; }) ];
          };
        in
        names [
          a
          b
        ];
      expected = [
        "a"
        "b"
        "c"
      ];
    };
    "every output" = {
      expr =
        let
          multiple =
            derivation {
              name = "a-1";
              system = "x86_64-linux";
              builder = "/bin/sh";
              outputs = [
                "out"
                "dev"
              ];
            }
            // {
              meta = { };
            };
        in
        builtins.sort builtins.lessThan (
          map (facts: facts.outputName) (builtins.attrValues (packageMetadata [ multiple ]))
        );
      expected = [
        "dev"
        "out"
      ];
    };
    "paths without context, so that metadata needs no package" = {
      expr = builtins.getContext (
        builtins.toJSON (packageMetadata [ (package "a" { meta.homepage = "${package "b" { }}"; }) ])
      );
      expected = { };
    };
    "an image takes it along in a file beside its layers" = {
      expr =
        let
          image = import ./image.nix {
            name = "a";
            contents = [ (package "a-1" { meta.license = mit; }) ];
            system = "x86_64-linux";
          };
          json = builtins.fromJSON (builtins.unsafeDiscardStringContext image.json);
        in
        builtins.match ".*-a-metadata.json" json.metadata != null;
      expected = true;
    };
    "an image without it, where it isn't wanted" = {
      expr =
        let
          image = import ./image.nix {
            name = "a";
            contents = [ (package "a-1" { meta.license = mit; }) ];
            system = "x86_64-linux";
            metadata = false;
          };
        in
        builtins.fromJSON (builtins.unsafeDiscardStringContext image.json) ? metadata;
      expected = false;
    };
  };
  refuses = {
    "metadata of another type" = {
      expr = import ./image.nix {
        name = "a";
        system = "x86_64-linux";
        metadata = "yes";
      };
      message = ''image: metadata is "yes", expected true, false, or a list of derivations'';
    };
    "packages of another type" = {
      expr = (import ./metadata.nix) {
        image = package "a" { };
        packages = "a";
      };
      message = ''withMetadata: packages is "a", expected a list of derivations'';
    };
  };
}
