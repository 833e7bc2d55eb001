using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Selectors;

/// <summary>
/// A labelSelector: <c>a=b</c>, <c>a==b</c>, <c>a!=b</c>, <c>a in (x,y)</c>, <c>a notin (x)</c>, <c>a</c>, <c>!a</c>; a comma means and.
/// </summary>
internal sealed class LabelSelector
{
    private const int LengthMax = 16 * 1024;
    private const int RequirementsMax = 256;
    private const int ValuesMax = 1_024;

    private readonly List<Requirement> _requirements;

    private LabelSelector(List<Requirement> requirements) => _requirements = requirements;

    private enum Operator
    {
        In,
        NotIn,
        Exists,
        NotExists,
    }

    /// <summary>Whether it matches everything.</summary>
    public bool IsEmpty => _requirements.Count == 0;

    /// <summary>Parses a selector; the empty text matches everything.</summary>
    /// <exception cref="ApiException">400 with what was expected and where.</exception>
    public static LabelSelector Parse(string text)
    {
        if (text.Length > LengthMax)
            throw ApiErrors.BadRequest($"the label selector has {text.Length} characters; at most {LengthMax} are read");
        var requirements = new List<Requirement>();
        var scanner = new Scanner(text);
        if (scanner.AtEnd)
            return new LabelSelector(requirements);
        do
        {
            if (requirements.Count == RequirementsMax)
                throw ApiErrors.BadRequest($"the label selector has more than {RequirementsMax} requirements");
            requirements.Add(ReadRequirement(scanner));
        }
        while (scanner.TryTake(','));

        if (!scanner.AtEnd)
            throw scanner.Unexpected("',' or the end");
        return new LabelSelector(requirements);
    }

    /// <summary>Whether an object with these labels is selected.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels)
    {
        foreach (var requirement in _requirements)
        {
            string? value = null;
            var has = labels is not null && labels.TryGetValue(requirement.Key, out value);
            var matches = requirement.Operator switch
            {
                Operator.In => has && requirement.Values.Contains(value!),
                Operator.NotIn => !has || !requirement.Values.Contains(value!),
                Operator.Exists => has,
                _ => !has,
            };
            if (!matches)
                return false;
        }

        return true;
    }

    private static Requirement ReadRequirement(Scanner scanner)
    {
        if (scanner.TryTake('!'))
            return new Requirement(ReadKey(scanner), Operator.NotExists, []);
        var key = ReadKey(scanner);
        if (scanner.TryTake("!="))
            return new Requirement(key, Operator.NotIn, [ReadValue(scanner)]);
        if (scanner.TryTake("==") || scanner.TryTake('='))
            return new Requirement(key, Operator.In, [ReadValue(scanner)]);
        if (scanner.AtEnd || scanner.Peek == ',')
            return new Requirement(key, Operator.Exists, []);
        var word = scanner.Word();
        return word switch
        {
            "in" => new Requirement(key, Operator.In, ReadValues(scanner)),
            "notin" => new Requirement(key, Operator.NotIn, ReadValues(scanner)),
            _ => throw scanner.Unexpected($"'=', '!=', 'in' or 'notin' after \"{ApiRequest.Shorten(key)}\""),
        };
    }

    private static string ReadKey(Scanner scanner)
    {
        var key = scanner.Word();
        return LabelSyntax.IsKey(key)
            ? key
            : throw ApiErrors.BadRequest($"unable to parse requirement: invalid label key \"{ApiRequest.Shorten(key)}\": {LabelSyntax.KeyRule}");
    }

    private static string ReadValue(Scanner scanner)
    {
        var value = scanner.Word();
        return LabelSyntax.IsValue(value)
            ? value
            : throw ApiErrors.BadRequest($"unable to parse requirement: invalid label value \"{ApiRequest.Shorten(value)}\": {LabelSyntax.ValueRule}");
    }

    private static HashSet<string> ReadValues(Scanner scanner)
    {
        if (!scanner.TryTake('('))
            throw scanner.Unexpected("'('");
        var values = new HashSet<string>();
        do
        {
            values.Add(ReadValue(scanner));
            if (values.Count > ValuesMax)
                throw ApiErrors.BadRequest($"the label selector lists more than {ValuesMax} values");
        }
        while (scanner.TryTake(','));

        return scanner.TryTake(')') ? values : throw scanner.Unexpected("',' or ')'");
    }

    private sealed record Requirement(string Key, Operator Operator, HashSet<string> Values);

    private sealed class Scanner(string text)
    {
        private int _position;

        public bool AtEnd
        {
            get
            {
                SkipSpaces();
                return _position == text.Length;
            }
        }

        public char Peek => text[_position];

        public bool TryTake(char c)
        {
            if (AtEnd || text[_position] != c)
                return false;
            _position++;
            return true;
        }

        public bool TryTake(string token)
        {
            SkipSpaces();
            if (string.CompareOrdinal(text, _position, token, 0, token.Length) != 0)
                return false;
            _position += token.Length;
            return true;
        }

        public string Word()
        {
            SkipSpaces();
            var start = _position;
            while (_position < text.Length && !char.IsWhiteSpace(text[_position]) && text[_position] is not (',' or '=' or '!' or '(' or ')' or '<' or '>'))
                _position++;
            return text[start.._position];
        }

        public ApiException Unexpected(string expected) =>
            ApiErrors.BadRequest($"unable to parse the label selector at character {_position + 1}: found \"{ApiRequest.Shorten(text[_position..])}\", expected {expected}");

        private void SkipSpaces()
        {
            while (_position < text.Length && char.IsWhiteSpace(text[_position]))
                _position++;
        }
    }
}
