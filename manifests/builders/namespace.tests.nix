# Cases of namespace.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = namespace { name = "prod"; };
      expected = {
        apiVersion = "v1";
        kind = "Namespace";
        metadata.name = "prod";
      };
    };
    "all that it has" = {
      expr = namespace {
        name = "prod";
        labels."pod-security.kubernetes.io/enforce" = "restricted";
        annotations.a = "b";
      };
      expected = {
        apiVersion = "v1";
        kind = "Namespace";
        metadata = {
          annotations.a = "b";
          labels."pod-security.kubernetes.io/enforce" = "restricted";
          name = "prod";
        };
      };
    };
  };
  refuses = {
    "no name" = {
      expr = namespace { };
      message = "namespace: name is missing";
    };
    "a name with a dot" = {
      expr = namespace { name = "a.b"; };
      message =
        "namespace \"a.b\": name is \"a.b\", "
        + "expected an RFC 1123 label: at most 63 of a-z 0-9 -, "
        + "beginning and ending with a letter or digit";
    };
    "a namespace" = {
      expr = namespace {
        name = "a";
        namespace = "b";
      };
      message = "namespace \"a\": namespace isn't an argument, since this kind belongs to the whole cluster";
    };
    "a string" = {
      expr = namespace "prod";
      message = "namespace: the argument is \"prod\", expected an attribute set with `name` in it";
    };
  };
}
