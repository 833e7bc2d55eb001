using System.Text.Json;
using Skep.Core.Identity.Policies.Conditions;

namespace Skep.Core.Identity.Policies;

/// <summary>
/// Reads a policy document strictly: unknown, repeated and missing elements are refused, and every error says where (IAM
/// user guide, "Grammar of the IAM JSON policy language"). For one document.
/// </summary>
internal ref partial struct PolicyReader
{
    private const string NewVersion = "2012-10-17";
    private const string OldVersion = "2008-10-17";
    private const int DepthMax = 8;

    private readonly ReadOnlySpan<byte> _json;
    private readonly PolicyRules _rules;
    private Utf8JsonReader _reader;
    private bool _hasVariables;

    public PolicyReader(ReadOnlySpan<byte> json, PolicyRules rules)
    {
        _json = json;
        _rules = rules;
        _reader = NewReader();
    }

    /// <summary>Reads the document.</summary>
    /// <exception cref="PolicyException">It is no policy.</exception>
    public Policy Read()
    {
        if (_json.Length > _rules.BytesMax)
            throw new PolicyException($"The policy has {_json.Length} bytes; at most {_rules.BytesMax} are allowed", line: 1, column: 1);
        try
        {
            // The version says whether there are variables, and may stand at the end.
            _hasVariables = ReadVersion() == NewVersion;
            _reader = NewReader();
            return ReadPolicy();
        }
        catch (JsonException ex)
        {
            throw new PolicyException("The policy is not valid JSON", (int)(ex.LineNumber ?? 0) + 1, (int)(ex.BytePositionInLine ?? 0) + 1);
        }
        catch (InvalidOperationException)
        {
            throw Error("The policy has a string that is not valid Unicode");
        }
    }

    private readonly Utf8JsonReader NewReader() => new(_json, new JsonReaderOptions { MaxDepth = DepthMax });

    private string ReadVersion()
    {
        Next();
        Expect(JsonTokenType.StartObject, "The policy must be a JSON object");
        while (NextName() is { } name)
        {
            Next();
            if (name != "Version")
            {
                _reader.Skip();
                continue;
            }

            Expect(JsonTokenType.String, "Version must be a string");
            return _reader.GetString() is NewVersion or OldVersion
                ? _reader.GetString()!
                : throw Error($"Version must be {NewVersion} or {OldVersion}, not '{Shorten(_reader.GetString()!)}'");
        }

        return OldVersion;
    }

    private Policy ReadPolicy()
    {
        Next();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string? id = null;
        List<PolicyStatement>? statements = null;
        while (NextName() is { } name)
        {
            if (!seen.Add(name))
                throw Error($"The policy has {name} more than once");
            if (name is not ("Version" or "Id" or "Statement"))
                throw Error($"The policy has an unknown element '{Shorten(name)}'");
            Next();
            if (name == "Id")
                id = Text("Id");
            else if (name == "Statement")
                statements = ReadStatements();
        }

        if (statements is null)
            throw Error("Missing required field Statement");
        Next(); // nothing may follow; the reader sees to it
        return new Policy(_hasVariables ? NewVersion : OldVersion, id, [.. statements]);
    }

    private List<PolicyStatement> ReadStatements()
    {
        var statements = new List<PolicyStatement>();
        if (_reader.TokenType is JsonTokenType.StartObject)
        {
            statements.Add(ReadStatement(0));
            return statements;
        }

        Expect(JsonTokenType.StartArray, "Statement must be an object or a list of objects");
        while (Next() is not JsonTokenType.EndArray)
        {
            Expect(JsonTokenType.StartObject, "A statement must be an object");
            var statement = ReadStatement(statements.Count);
            // Empty ones are none: MinIO's clients write them into every statement.
            if (statement.Sid is { Length: > 0 } sid && statements.Any(s => s.Sid == sid))
                throw Error($"Statement IDs (Sid) in a policy must be unique, and '{Shorten(sid)}' comes more than once");
            statements.Add(statement);
        }

        return statements.Count > 0 ? statements : throw Error("Statement must have at least one statement");
    }

    private PolicyStatement ReadStatement(int index)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string? sid = null;
        PolicyEffect? effect = null;
        PrincipalElement? principal = null;
        List<PolicyPattern>? actions = null, resources = null;
        List<PolicyCondition> conditions = [];
        while (NextName() is { } name)
        {
            if (!seen.Add(name))
                throw Error($"A statement has {name} more than once");
            Next();
            switch (name)
            {
                case "Sid":
                    sid = Text("Sid");
                    break;
                case "Effect":
                    effect = Text("Effect") switch
                    {
                        "Allow" => PolicyEffect.Allow,
                        "Deny" => PolicyEffect.Deny,
                        var other => throw Error($"Effect must be Allow or Deny, not '{Shorten(other)}'"),
                    };
                    break;
                case "Principal" or "NotPrincipal" when _rules.HasPrincipal:
                    principal = principal is null ? ReadPrincipal(isNegated: name != "Principal") : throw Both("Principal");
                    break;
                case "Action" or "NotAction":
                    actions = actions is null ? ReadActions(name) : throw Both("Action");
                    break;
                case "Resource" or "NotResource" when _rules.HasResource:
                    resources = resources is null ? ReadResources(name) : throw Both("Resource");
                    break;
                case "Condition":
                    conditions = ReadConditions();
                    break;
                case "Principal" or "NotPrincipal" or "Resource" or "NotResource":
                    throw Error($"Policy document should not specify {name}: it belongs to what it is attached to");
                default:
                    throw Error($"A statement has an unknown element '{Shorten(name)}'");
            }
        }

        if (effect is not { } given)
            throw Error("Missing required field Effect");
        if (_rules.HasPrincipal && principal is null)
            throw Error("Missing required field Principal");
        if (given is PolicyEffect.Allow && seen.Contains("NotPrincipal"))
            throw Error("Allow with NotPrincipal is not allowed: it would allow everybody but a few");
        return new PolicyStatement
        {
            Index = index,
            Sid = sid,
            Effect = given,
            Principal = principal,
            IsNotAction = seen.Contains("NotAction"),
            Actions = actions?.ToArray() ?? throw Error("Missing required field Action"),
            IsNotResource = seen.Contains("NotResource"),
            Resources = resources?.ToArray() ?? (_rules.HasResource ? throw Error("Missing required field Resource") : []),
            Conditions = [.. conditions],
        };
    }
}
