# Cases of configMap.
{
  manifests,
  hello,
  root,
  ...
}:
with manifests;

{
  gives = {
    "the least" = {
      expr = configMap { name = "web"; };
      expected = {
        apiVersion = "v1";
        kind = "ConfigMap";
        metadata.name = "web";
      };
    };
    "all that it has" = {
      expr = configMap {
        name = "web";
        namespace = "prod";
        immutable = true;
        data = {
          text = "a";
          number = 1;
          yes = true;
          half = 0.5;
          "a.conf" = "x";
        };
        binaryData.logo = "AAEC";
      };
      expected = {
        apiVersion = "v1";
        binaryData.logo = "AAEC";
        data = {
          "a.conf" = "x";
          half = "0.5";
          number = "1";
          text = "a";
          yes = "true";
        };
        immutable = true;
        kind = "ConfigMap";
        metadata = {
          name = "web";
          namespace = "prod";
        };
      };
    };
    "a file" = {
      expr =
        (configMap {
          name = "web";
          data.file = root + "/.npmrc";
        }).data.file == builtins.readFile (root + "/.npmrc");
      expected = true;
    };
  };
  refuses = {
    "no name" = {
      expr = configMap { data.a = "b"; };
      message = "configMap: name is missing";
    };
    "data that is a list" = {
      expr = configMap {
        name = "web";
        data = [ ];
      };
      message = "configMap \"web\": data is a list, expected an attribute set, key to text";
    };
    "data that is a derivation" = {
      expr = configMap {
        name = "web";
        data = hello;
      };
      message = "configMap \"web\": data is a derivation, expected an attribute set, key to text";
    };
    "a key with a slash" = {
      expr = configMap {
        name = "web";
        data."a/b" = "c";
      };
      message =
        "configMap \"web\": a name in data is \"a/b\", "
        + "expected at most 253 letters, digits, - _ ., that isn't . and doesn't begin with ..";
    };
    "a key that is a path" = {
      expr = configMap {
        name = "web";
        data.".." = "c";
      };
      message =
        "configMap \"web\": a name in data is \"..\", "
        + "expected at most 253 letters, digits, - _ ., that isn't . and doesn't begin with ..";
    };
    "a value that is a set" = {
      expr = configMap {
        name = "web";
        data.a = { };
      };
      message =
        "configMap \"web\": data.\"a\" is an attribute set, "
        + "expected a string, a number, a boolean or the path of a file (for JSON: builtins.toJSON)";
    };
    "a value that is null" = {
      expr = configMap {
        name = "web";
        data.a = null;
      };
      message =
        "configMap \"web\": data.\"a\" is null, "
        + "expected a string, a number, a boolean or the path of a file (for JSON: builtins.toJSON)";
    };
    "binary data that isn't base64" = {
      expr = configMap {
        name = "web";
        binaryData.a = "a b";
      };
      message = "configMap \"web\": binaryData.\"a\" is \"a b\", expected base64, as Kubernetes keeps it";
    };
    "base64 that is cut off" = {
      expr = configMap {
        name = "web";
        binaryData.a = "AAE";
      };
      message = "configMap \"web\": binaryData.\"a\" is \"AAE\", expected base64, as Kubernetes keeps it";
    };
    "a key that is in both" = {
      expr = configMap {
        name = "web";
        data.a = "b";
        binaryData.a = "AAEC";
      };
      message = "configMap \"web\": \"a\" is both in data and in binaryData";
    };
    "more than 1 MiB" = {
      expr = configMap {
        name = "web";
        data.a = builtins.foldl' (text: _: text + text) "abcd" (builtins.genList (i: i) 18);
      };
      message = "configMap \"web\": the size of data is 1048577, expected at most 1048576 bytes";
    };
  };
}
