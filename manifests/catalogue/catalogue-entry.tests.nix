# Cases of catalogueEntry.
{ manifests, make, ... }:
with manifests;
let
  entry =
    given:
    catalogueEntry (
      {
        description = "an entry";
        manifests = _: make "made";
      }
      // given
    );
in

{
  gives = {
    "values are of any schema, and have no defaults" = {
      expr = removeAttrs (entry { }) [ "manifests" ];
      expected = {
        _type = "catalogueEntry";
        description = "an entry";
        schema.type = "object";
        defaults = { };
        presets = { };
      };
    };
    "the function receives the values" = {
      expr = (entry { manifests = values: values.greeting; }).manifests { greeting = "hello"; };
      expected = "hello";
    };
    presets = {
      expr =
        (entry {
          presets.small.replicas = 1;
        }).presets;
      expected.small.replicas = 1;
    };
  };

  refuses = {
    "a description of several lines" = {
      expr = (entry { description = "one\ntwo"; }).description;
      message = ''catalogueEntry: description is "one\ntwo", expected one line of text'';
    };
    "a schema without a type" = {
      expr = (entry { schema.properties = { }; }).schema;
      message = ''catalogueEntry: schema is an attribute set, expected a schema of type "object"'';
    };
    "defaults that are a list" = {
      expr = (entry { defaults = [ ]; }).defaults;
      message = "catalogueEntry: defaults is a list, expected an attribute set of values";
    };
    "a preset whose name is no name" = {
      expr = (entry { presets."Small one" = { }; }).presets;
      message =
        "catalogueEntry: the name of a preset is \"Small one\", "
        + "expected a name of a-z, 0-9 and -, beginning with a letter";
    };
    "manifests that are made already" = {
      expr = (entry { manifests = make "made"; }).manifests;
      message =
        "catalogueEntry: manifests is a derivation, "
        + "expected a function from values to the derivation of manifests";
    };
  };
}
