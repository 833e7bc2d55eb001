using System.Buffers;

namespace Skep.Core.Identity.Policies;

/// <summary>
/// A value of a policy with its wildcards and policy variables, taken apart once (IAM user guide, "IAM policy elements:
/// Variables and tags"). What a variable stands for is text: its asterisks are no wildcards. Immutable.
/// </summary>
internal sealed class PolicyPattern
{
    /// <summary>The wildcard for any number of characters, in a row of tokens; other tokens are characters.</summary>
    private const int Many = -1;

    /// <summary>The wildcard for one character.</summary>
    private const int One = -2;

    /// <summary>Tokens that are held on the stack when variables are put in.</summary>
    private const int StackTokens = 256;

    private readonly int[] _tokens;
    private readonly List<PolicyVariable> _variables;

    private PolicyPattern(string text, int[] tokens, List<PolicyVariable> variables)
    {
        Text = text;
        _tokens = tokens;
        _variables = variables;
    }

    /// <summary>As it stands in the policy.</summary>
    public string Text { get; }

    /// <summary>Whether it stands for exactly one value: no wildcards, no variables.</summary>
    public bool IsFixed => _variables.Count == 0 && !_tokens.Any(t => t < 0);

    /// <summary>Takes a value apart.</summary>
    /// <param name="text">The value.</param>
    /// <param name="hasWildcards">Whether * and ? are wildcards.</param>
    /// <param name="hasVariables">Whether ${…} are variables; only in policies of version 2012-10-17.</param>
    /// <exception cref="FormatException">A variable is malformed.</exception>
    public static PolicyPattern Compile(string text, bool hasWildcards, bool hasVariables)
    {
        var tokens = new List<int>(text.Length);
        var variables = new List<PolicyVariable>();
        for (var i = 0; i < text.Length; i++)
        {
            if (hasVariables && text[i] == '$' && i + 1 < text.Length && text[i + 1] == '{')
            {
                var end = text.IndexOf('}', i);
                if (end < 0)
                    throw new FormatException($"the variable in '{text}' has no closing brace");
                var inner = text[(i + 2)..end];
                if (inner is "*" or "?" or "$")
                    tokens.Add(inner[0]);
                else
                    variables.Add(PolicyVariable.Parse(inner, at: tokens.Count));
                i = end;
            }
            else
            {
                tokens.Add(text[i] switch
                {
                    '*' when hasWildcards => Many,
                    '?' when hasWildcards => One,
                    var other => other,
                });
            }
        }

        return new PolicyPattern(text, [.. tokens], variables);
    }

    /// <summary>Whether a value fits a pattern without variables.</summary>
    public bool IsFixedMatch(ReadOnlySpan<char> value) => Glob(_tokens, value, ignoreCase: false);

    /// <summary>Whether a value fits; says as well whether a variable had no value, so that nothing can fit.</summary>
    public bool IsMatch(ReadOnlySpan<char> value, PolicyRequest request, bool ignoreCase, out bool isUnresolved) =>
        Match(value, request, ignoreCase, isArn: false, out isUnresolved);

    /// <summary>Whether an ARN fits, part by part: a wildcard does not reach across the first five colons.</summary>
    public bool IsArnMatch(ReadOnlySpan<char> value, PolicyRequest request, out bool isUnresolved) =>
        Match(value, request, ignoreCase: false, isArn: true, out isUnresolved);

    private bool Match(ReadOnlySpan<char> value, PolicyRequest request, bool ignoreCase, bool isArn, out bool isUnresolved)
    {
        isUnresolved = false;
        if (_variables.Count == 0)
            return Match(_tokens, value, ignoreCase, isArn);
        var length = _tokens.Length;
        foreach (var variable in _variables)
        {
            if (variable.Resolve(request) is not { } text)
            {
                isUnresolved = true;
                return false;
            }

            length += text.Length;
        }

        int[]? rented = null;
        var tokens = length <= StackTokens ? stackalloc int[StackTokens] : rented = ArrayPool<int>.Shared.Rent(length);
        try
        {
            return Match(tokens[..Expand(tokens, request)], value, ignoreCase, isArn);
        }
        finally
        {
            if (rented is not null)
                ArrayPool<int>.Shared.Return(rented);
        }
    }

    private int Expand(Span<int> tokens, PolicyRequest request)
    {
        var (from, to) = (0, 0);
        foreach (var variable in _variables)
        {
            _tokens.AsSpan(from..variable.At).CopyTo(tokens[to..]);
            to += variable.At - from;
            from = variable.At;
            foreach (var c in variable.Resolve(request)!)
                tokens[to++] = c;
        }

        _tokens.AsSpan(from).CopyTo(tokens[to..]);
        return to + _tokens.Length - from;
    }

    private static bool Match(ReadOnlySpan<int> tokens, ReadOnlySpan<char> value, bool ignoreCase, bool isArn)
    {
        // "*" alone is every ARN; one with less than six parts ends in parts that may be anything.
        if (!isArn || tokens is [Many])
            return Glob(tokens, value, ignoreCase);
        for (var part = 0; part < 5; part++)
        {
            var (tokensEnd, valueEnd) = (tokens.IndexOf(':'), value.IndexOf(':'));
            if (valueEnd < 0)
                return false;
            if (tokensEnd < 0)
                return Glob(tokens, value[..valueEnd], ignoreCase);
            if (!Glob(tokens[..tokensEnd], value[..valueEnd], ignoreCase))
                return false;
            tokens = tokens[(tokensEnd + 1)..];
            value = value[(valueEnd + 1)..];
        }

        return Glob(tokens, value, ignoreCase);
    }

    /// <summary>Matches with one place to go back to, so that the time is at most the product of the lengths.</summary>
    private static bool Glob(ReadOnlySpan<int> tokens, ReadOnlySpan<char> value, bool ignoreCase)
    {
        var (t, v) = (0, 0);
        var (star, starValue) = (-1, 0);
        while (v < value.Length)
        {
            if (t < tokens.Length && (tokens[t] == One || IsSame(tokens[t], value[v], ignoreCase)))
            {
                t++;
                v++;
            }
            else if (t < tokens.Length && tokens[t] == Many)
            {
                (star, starValue) = (t++, v);
            }
            else if (star >= 0)
            {
                (t, v) = (star + 1, ++starValue);
            }
            else
            {
                return false;
            }
        }

        while (t < tokens.Length && tokens[t] == Many)
            t++;
        return t == tokens.Length;
    }

    private static bool IsSame(int token, char c, bool ignoreCase) =>
        token == c || (ignoreCase && token >= 0 && char.ToUpperInvariant((char)token) == char.ToUpperInvariant(c));
}
