# Cases of platforms of images.
{
  manifests,
  image,
  some,
  ...
}:
with manifests;
let
  for = architecture: some { inherit architecture; };
  both = image {
    name = "both";
    system = "x86_64-linux";
    platforms = {
      "linux/amd64" = for "amd64";
      "linux/arm64" = for "arm64";
    };
  };
  made =
    system:
    derivation {
      name = "web.tar.gz";
      inherit system;
      builder = "/bin/sh";
    }
    // {
      imageName = "web";
    };
  web =
    arch: image:
    pod (
      {
        name = "web";
        containers.web.image = image;
      }
      // (if arch == null then { } else { nodeSelector."kubernetes.io/arch" = arch; })
    );
  two =
    one: other:
    pod {
      name = "web";
      containers = [
        {
          name = "one";
          image = one;
        }
      ];
      initContainers.other.image = other;
    };
in
{
  gives = {
    "that fit" = {
      expr = map (pod: pod ? spec) [
        (web "arm64" (for "arm64"))
        (web "arm64" both)
        (web null both)
        (two (for "arm64") both)
        (web "arm64" "web:1")
        (two (for "arm64") (for "arm64"))
      ];
      expected = [
        true
        true
        true
        true
        true
        true
      ];
    };
  };
  refuses = {
    "another than the nodes'" = {
      expr = web "amd64" (for "arm64");
      message =
        "pod \"web\": containers.web.image is for arm64, "
        + "expected one for amd64, which nodeSelector asks for";
    };
    "several that are others than the nodes'" = {
      expr = web "riscv64" both;
      message =
        "pod \"web\": containers.web.image is for amd64, arm64, "
        + "expected one for riscv64, which nodeSelector asks for";
    };
    "two that don't run on one node" = {
      expr = two (for "amd64") (for "arm64");
      message =
        "pod \"web\": initContainers.other.image is for arm64, "
        + "expected amd64 like containers.one.image, since they run on one node";
    };
  };
  warns = {
    "what is made on another system than the nodes'" = {
      expr = web "arm64" (made "x86_64-linux");
      warnings = [
        (
          "warning: pod \"web\": containers.web.image is made on x86_64-linux, "
          + "expected one for arm64, which nodeSelector asks for"
        )
      ];
    };
    "nothing, where the system is the nodes'" = {
      expr = web "arm64" (made "aarch64-linux");
      warnings = [ ];
    };
    "nothing, where it isn't known" = {
      expr = web "arm64" (made "builtin");
      warnings = [ ];
    };
  };
}
