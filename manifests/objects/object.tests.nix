# Cases of object.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = object {
        apiVersion = "example.org/v1";
        kind = "Thing";
        name = "a";
      };
      expected = {
        apiVersion = "example.org/v1";
        kind = "Thing";
        metadata.name = "a";
      };
    };
    "all that it has" = {
      expr = object {
        apiVersion = "example.org/v1beta1";
        kind = "Widget";
        name = "A:b";
        namespace = "prod";
        labels.a = "b";
        annotations.c = "d";
        metadata.finalizers = [ "e/f" ];
        spec = {
          x = null;
          image = "y";
        };
      };
      expected = {
        apiVersion = "example.org/v1beta1";
        kind = "Widget";
        metadata = {
          annotations.c = "d";
          finalizers = [ "e/f" ];
          labels.a = "b";
          name = "A:b";
          namespace = "prod";
        };
        spec = {
          image = "y";
          x = null;
        };
      };
    };
  };
  refuses = {
    "no name" = {
      expr = object {
        apiVersion = "v1";
        kind = "Thing";
      };
      message = "object: name is missing";
    };
    "no apiVersion" = {
      expr = object {
        kind = "Thing";
        name = "a";
      };
      message = "object \"a\": apiVersion is missing";
    };
    "no kind" = {
      expr = object {
        apiVersion = "v1";
        name = "a";
      };
      message = "object \"a\": kind is missing";
    };
    "an apiVersion that is none" = {
      expr = object {
        apiVersion = "1";
        kind = "Thing";
        name = "a";
      };
      message =
        "object \"a\": apiVersion is \"1\", "
        + "expected a version with its group, such as \"v1\" or \"example.org/v1\"";
    };
    "a kind with a small letter" = {
      expr = object {
        apiVersion = "v1";
        kind = "thing";
        name = "a";
      };
      message = "object \"a\": kind is \"thing\", expected a kind, such as \"Widget\"";
    };
    "a name with a slash" = {
      expr = object {
        apiVersion = "v1";
        kind = "Thing";
        name = "a/b";
      };
      message = "object \"a/b\": name is \"a/b\", expected a name without / and %, that isn't . or ..";
    };
    "a name in metadata" = {
      expr = object {
        apiVersion = "v1";
        kind = "Thing";
        metadata.name = "a";
      };
      message = "object: metadata.name is given, expected name as an argument of its own";
    };
    "metadata that is a string" = {
      expr = object {
        apiVersion = "v1";
        kind = "Thing";
        name = "a";
        metadata = "b";
      };
      message = "object \"a\": metadata is \"b\", expected an attribute set, such as { finalizers = [ ... ]; }";
    };
    "a key of a label with two slashes" = {
      expr = object {
        apiVersion = "v1";
        kind = "Thing";
        name = "a";
        labels."a/b/c" = "d";
      };
      message =
        "object \"a\": a name in labels is \"a/b/c\", "
        + "expected a name of at most 63 letters, digits, - _ ., "
        + "after a prefix that is a subdomain and / if any";
    };
    "a key of a label that is very long" = {
      expr = object {
        apiVersion = "v1";
        kind = "Thing";
        name = "a";
        labels = builtins.listToAttrs [
          {
            name = builtins.foldl' (text: _: text + text) "a" (builtins.genList (i: i) 20);
            value = "b";
          }
        ];
      };
      message =
        "object \"a\": a name in labels is "
        + "\"${builtins.concatStringsSep "" (builtins.genList (_: "a") 119)}..., "
        + "expected a name of at most 63 letters, digits, - _ ., after a prefix that is a subdomain and / if any";
    };
    "a label that is a number" = {
      expr = object {
        apiVersion = "v1";
        kind = "Thing";
        name = "a";
        labels.a = 1;
      };
      message =
        "object \"a\": labels.\"a\" is 1, expected a string of at most 63 letters, digits, - _ ., "
        + "beginning and ending with a letter or digit";
    };
    "annotations above 256 KiB" = {
      expr = object {
        apiVersion = "v1";
        kind = "Thing";
        name = "a";
        annotations.a = builtins.foldl' (text: _: text + text) "a" (builtins.genList (i: i) 18);
      };
      message = "object \"a\": the size of annotations is 262145, expected at most 262144 bytes";
    };
  };
}
