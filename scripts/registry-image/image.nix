# The registry's images that this project makes, for amd64 and arm64 and without nixpkgs: Node from its npm packages, the
# libraries that it needs and busybox from Debian's, and the server of this checkout. Each is a store path with its own
# metadata, so the SBOM names it. fetch-parts.ts fetches the archives; their hashes are in parts.json.
#
# The files are where Node and Debian's loader look for them. Nothing is below /nix/store, because a Pod may mount the
# store of its node there, or a volume. The layer of the server is above that of everything else, which changes less
# often. The images of `withNix` also have Debian's Nix, and share the other layers.
{
  # directory of the archives, each named by its hash
  archives,
  # the files of the npm package: dist, web, nix, manifests, package.json
  app,
  # the system that runs the builders. The image doesn't depend on it
  system ? builtins.currentSystem,
}:

let
  inherit (builtins)
    concatStringsSep
    fromJSON
    listToAttrs
    map
    mapAttrs
    path
    readFile
    replaceStrings
    ;
  image = import ../../nix/image.nix;
  commands = import ../../manifests/registry/commands.nix;

  parts = fromJSON (readFile ./parts.json);
  inherit (fromJSON (readFile ../../package.json)) version description license;

  home = "/opt/pushless";
  state = "/var/lib/pushless";
  user = 65532;

  shell =
    attributes:
    derivation (
      {
        inherit system;
        builder = "/bin/sh";
        PATH = "/usr/bin:/bin";
        LC_ALL = "C";
      }
      // attributes
    );

  # The store path of an archive depends on its name and its hash alone.
  archive =
    {
      name,
      purl,
      hash,
    }:
    shell {
      inherit name;
      # What the SBOM and the provenance call it.
      url = purl;
      args = [
        "-c"
        "cp $file $out"
      ];
      file = "${toString archives}/${hash}";
      outputHashMode = "flat";
      outputHashAlgo = "sha256";
      outputHash = hash;
    };

  nodeFor =
    { architecture, triplet, ... }:
    let
      inherit (parts.node) version;
      package = parts.node.packages.${architecture};
      purl = "pkg:npm/${package.name}@${version}";
    in
    shell {
      name = "${package.name}-${version}";
      inherit version triplet;
      pname = package.name;
      src = archive {
        name = "${package.name}-${version}.tgz";
        inherit purl;
        hash = package.sha256;
      };
      args = [ ./node.sh ];
    }
    // {
      meta = {
        license = "MIT";
        homepage = "https://nodejs.org/";
        description = "Node.js, without its symbols";
        identifiers = {
          cpe = "cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*";
          inherit purl;
        };
      };
    };

  debianFor =
    { architecture, triplet, ... }:
    {
      package,
      version,
      files,
      licence,
      sha256,
    }:
    let
      purl =
        "pkg:deb/debian/${package}@${replaceStrings [ ":" "+" ] [ "%3A" "%2B" ] version}"
        + "?arch=${architecture}&distro=debian-${parts.debian.release}";
      # Names of files have no epoch, and names in a store no tilde.
      short = replaceStrings [ "~" ] [ "-" ] (
        builtins.elemAt (builtins.match "([0-9]+:)?(.*)" version) 1
      );
    in
    shell {
      name = "${package}-${short}";
      inherit version triplet package;
      pname = package;
      src = archive {
        name = "${package}_${short}_${architecture}.deb";
        inherit purl;
        hash = sha256.${architecture};
      };
      files = concatStringsSep " " files;
      args = [ ./debian.sh ];
    }
    // {
      meta = {
        license = licence;
        supplier = "Debian";
        identifiers = { inherit purl; };
      };
    };

  program =
    shell {
      name = "pushless-${version}";
      inherit version home;
      pname = "pushless";
      app = path {
        path = app;
        name = "pushless-app";
      };
      args = [ ./program.sh ];
    }
    // {
      meta = {
        inherit license description;
        identifiers.purl = "pkg:npm/pushless@${version}";
      };
    };

  runtimeFor = platform: map (debianFor platform) parts.debian.packages ++ [ (nodeFor platform) ];

  runtimeImageFor =
    { architecture, ... }@platform:
    let
      runtime = runtimeFor platform;
    in
    image {
      name = "pushless-runtime";
      inherit system architecture;
      extraDirectories = map (source: { inherit source; }) runtime;
      links = listToAttrs (
        map (command: {
          name = "/usr/bin/${command}";
          value = "busybox";
        }) commands
      );
      metadata = runtime;
    };

  # The account that the server and its builds have. ssh asks for its name.
  accounts = shell {
    name = "pushless-accounts";
    passwd = "pushless:x:${toString user}:${toString user}:pushless:${state}:/bin/sh";
    group = "pushless:x:${toString user}:";
    nix = readFile ./nix.conf;
    args = [
      "-c"
      ''
        mkdir -p $out/etc/nix
        printf '%s\n' "$passwd" >$out/etc/passwd
        printf '%s\n' "$group" >$out/etc/group
        printf %s "$nix" >$out/etc/nix/nix.conf
      ''
    ];
  };

  nixFor =
    { architecture, ... }@platform:
    map (debianFor platform) (
      builtins.filter ({ sha256, ... }: sha256 ? ${architecture}) parts.debian.nixPackages
    );

  nixImageFor =
    { architecture, ... }@platform:
    let
      packages = nixFor platform;
    in
    image {
      name = "pushless-nix";
      inherit system architecture;
      fromImage = runtimeImageFor platform;
      extraDirectories = map (source: { inherit source; }) (packages ++ [ accounts ]);
      metadata = packages;
    };

  imageFor =
    {
      # the image that has all but the server
      fromImage,
      # the value of --store
      store,
      volumes,
    }:
    { architecture, ... }:
    image {
      name = "pushless";
      inherit system architecture fromImage;
      extraDirectories = [
        {
          source = program;
          to = home;
        }
      ];
      metadata = [ program ];
      directories.${state} = {
        mode = "0700";
        uid = user;
        gid = user;
      };
      entrypoint = [ "${home}/bin/pushless" ];
      cmd = [ "serve" ];
      user = "${toString user}:${toString user}";
      # A container has a network of its own. Manifests set all three.
      env = {
        PUSHLESS_LISTEN = "0.0.0.0:5000";
        PUSHLESS_STATE = state;
        PUSHLESS_STORE = store;
      };
      ports = [ 5000 ];
      inherit volumes;
      labels = {
        "org.opencontainers.image.title" = "pushless";
        "org.opencontainers.image.description" = description;
        "org.opencontainers.image.version" = version;
        "org.opencontainers.image.licenses" = license;
      };
    };

  platforms = mapAttrs (architecture: triplet: { inherit architecture triplet; }) {
    amd64 = "x86_64-linux-gnu";
    arm64 = "aarch64-linux-gnu";
  };
  imagesOf =
    imageFor:
    let
      images = mapAttrs (_: imageFor) platforms;
    in
    images
    // {
      index = image {
        name = "pushless";
        inherit system;
        platforms = {
          "linux/amd64" = images.amd64;
          "linux/arm64" = images.arm64;
        };
      };
    };
in
imagesOf (
  platform:
  imageFor {
    fromImage = runtimeImageFor platform;
    store = "cache";
    volumes = [ state ];
  } platform
)
// {
  withNix = imagesOf (
    platform:
    imageFor {
      fromImage = nixImageFor platform;
      store = "own";
      volumes = [
        state
        "/nix"
      ];
    } platform
  );
  # All that is built for the first of them. A second build can be compared with the first.
  parts = [ program ] ++ builtins.concatMap runtimeFor (builtins.attrValues platforms);
}
