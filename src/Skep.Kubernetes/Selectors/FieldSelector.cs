using System.Text;
using System.Text.Json;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Output;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Selectors;

/// <summary>A fieldSelector: <c>a=b</c>, <c>a==b</c>, <c>a!=b</c>; a comma means and. A backslash escapes comma, equals sign and itself.</summary>
internal sealed class FieldSelector
{
    private const int LengthMax = 16 * 1024;
    private const int TermsMax = 64;

    private readonly List<Term> _terms;

    private FieldSelector(List<Term> terms) => _terms = terms;

    /// <summary>Whether it matches everything.</summary>
    public bool IsEmpty => _terms.Count == 0;

    /// <summary>Parses a selector for a kind, whose schema says what an absent field is equal to.</summary>
    /// <exception cref="ApiException">400: malformed, or a field that is not selectable.</exception>
    public static FieldSelector Parse(string text, Kind kind, SchemaCatalog schemas)
    {
        if (text.Length > LengthMax)
            throw ApiErrors.BadRequest($"the field selector has {text.Length} characters; at most {LengthMax} are read");
        var terms = new List<Term>();
        foreach (var part in Split(text))
        {
            if (part.Length == 0)
                continue;
            if (terms.Count == TermsMax)
                throw ApiErrors.BadRequest($"the field selector has more than {TermsMax} terms");
            terms.Add(ParseTerm(part, kind, schemas));
        }

        return new FieldSelector(terms);
    }

    /// <summary>Whether a resource is selected.</summary>
    public bool Matches(Resource resource)
    {
        foreach (var term in _terms)
        {
            var value = term.Field switch
            {
                "metadata.name" => resource.Key.Name,
                "metadata.namespace" => resource.Key.Namespace,
                _ => Read(resource, term),
            };
            if (value == term.Value == term.IsNegated)
                return false;
        }

        return true;
    }

    private static string Read(Resource resource, Term term)
    {
        using var document = JsonDocument.Parse(resource.Json);
        return JsonFieldPath.Find(document.RootElement, term.Field) is { } value ? JsonFieldPath.Text(value) : term.ValueWhenAbsent;
    }

    private static Term ParseTerm(string part, Kind kind, SchemaCatalog schemas)
    {
        var (at, length) = FindOperator(part);
        if (at < 0)
            throw ApiErrors.BadRequest($"invalid field selector \"{ApiRequest.Shorten(part)}\": can't understand it; use field=value, field==value or field!=value");
        var field = part[..at].Trim();
        if (field is not ("metadata.name" or "metadata.namespace") && !kind.SelectableFields.Contains(field))
        {
            var known = string.Join(", ", ["metadata.name", "metadata.namespace", .. kind.SelectableFields]);
            throw ApiErrors.BadRequest($"field label not supported: {ApiRequest.Shorten(field)} (supported: {known})");
        }

        var whenAbsent = schemas.Of(kind).Find(field)?.Type switch
        {
            "boolean" => "false",
            "integer" => "0",
            _ => "",
        };
        return new Term(field, Unescape(part[(at + length)..]), IsNegated: part[at] == '!', whenAbsent);
    }

    private static (int At, int Length) FindOperator(string part)
    {
        for (var i = 0; i < part.Length; i++)
        {
            switch (part[i])
            {
                case '\\':
                    i++;
                    break;
                case '!' when i + 1 < part.Length && part[i + 1] == '=':
                    return (i, 2);
                case '=':
                    return (i, i + 1 < part.Length && part[i + 1] == '=' ? 2 : 1);
            }
        }

        return (-1, 0);
    }

    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                parts.Add(text[start..i]);
                start = i + 1;
            }
        }

        parts.Add(text[start..]);
        return parts;
    }

    private static string Unescape(string value)
    {
        if (!value.Contains('\\', StringComparison.Ordinal))
            return value;
        var result = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\')
            {
                i++;
                if (i == value.Length || value[i] is not ('\\' or ',' or '='))
                    throw ApiErrors.BadRequest($"invalid field selector value \"{ApiRequest.Shorten(value)}\": a backslash escapes only '\\', ',' and '='");
            }

            result.Append(value[i]);
        }

        return result.ToString();
    }

    private sealed record Term(string Field, string Value, bool IsNegated, string ValueWhenAbsent);
}
