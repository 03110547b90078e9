# Cases of a package that becomes an image.
{
  manifests,
  hello,
  storeDir,
  ...
}:
with manifests;
let
  # The command of the container, and what the image that is made for a package runs.
  made =
    args:
    let
      image = import ./image.nix (
        {
          builder = "app";
          name = "a";
          image = null;
          command = null;
        }
        // args
      );
      words = image.image.config.Entrypoint;
    in
    {
      inherit (image) command;
      program = builtins.head words;
      count = builtins.length words;
    };
in

{
  gives = {
    "a package" = {
      expr = made { package = hello; };
      expected = {
        program = "${hello}/bin/hello";
        count = 1;
        command = null;
      };
    };
    "a package with meta.mainProgram" = {
      expr = made {
        package = hello // {
          meta.mainProgram = "hi";
        };
      };
      expected = {
        program = "${hello}/bin/hi";
        count = 1;
        command = null;
      };
    };
    "a package with pname" = {
      expr = made {
        package = hello // {
          pname = "hey";
        };
      };
      expected = {
        program = "${hello}/bin/hey";
        count = 1;
        command = null;
      };
    };
    "a program of the package, with an argument" = {
      expr = made {
        package = hello;
        command = [
          "serve"
          "-p"
        ];
      };
      expected = {
        program = "${hello}/bin/serve";
        count = 2;
        command = null;
      };
    };
    "a program elsewhere" = {
      expr = made {
        package = hello;
        command = [ "/bin/sh" ];
      };
      expected = {
        program = "/bin/sh";
        count = 1;
        command = null;
      };
    };
    "a store path" = {
      expr = made { package = "${storeDir}/00000000000000000000000000000000-tool-1.2"; };
      expected = {
        program = "${storeDir}/00000000000000000000000000000000-tool-1.2/bin/tool";
        count = 1;
        command = null;
      };
    };
  };
}
