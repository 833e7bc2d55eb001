using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Skep.Core.Identity.Policies;

internal ref partial struct PolicyReader
{
    /// <summary>Characters of what was found that a message shows.</summary>
    private const int ShownMax = 100;

    private static readonly SearchValues<char> _vendorCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    private static readonly SearchValues<char> _actionCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*?");

    private JsonTokenType Next()
    {
        _reader.Read();
        return _reader.TokenType;
    }

    /// <summary>The next name of the open object; null at its end.</summary>
    private string? NextName() => Next() is JsonTokenType.PropertyName ? _reader.GetString() : null;

    private readonly void Expect(JsonTokenType type, string message)
    {
        if (_reader.TokenType != type)
            throw Error($"{message}, not {Describe()}");
    }

    private readonly string Text(string element)
    {
        Expect(JsonTokenType.String, $"{element} must be a string");
        return _reader.GetString()!;
    }

    /// <summary>A value, or a list of at least one. Numbers and booleans stand for their text.</summary>
    private List<string> Texts(string element)
    {
        var texts = new List<string>();
        if (_reader.TokenType is not JsonTokenType.StartArray)
        {
            texts.Add(Scalar(element));
            return texts;
        }

        while (Next() is not JsonTokenType.EndArray)
            texts.Add(Scalar(element));
        return texts.Count > 0 ? texts : throw Error($"{Shorten(element)} must have at least one value");
    }

    private readonly string Scalar(string element) => _reader.TokenType switch
    {
        JsonTokenType.String => _reader.GetString()!,
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        JsonTokenType.Number => Encoding.ASCII.GetString(_reader.ValueSpan),
        _ => throw Error($"{Shorten(element)} must be a string or a list of strings, not {Describe()}"),
    };

    private readonly string Describe() => _reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        _ => "null",
    };

    private readonly PolicyException Both(string element) => Error($"A statement has both {element} and Not{element}");

    /// <summary>An error at the token that was read last.</summary>
    private readonly PolicyException Error(string message)
    {
        var before = _json[..(int)_reader.TokenStartIndex];
        return new PolicyException(message, before.Count((byte)'\n') + 1, before.Length - before.LastIndexOf((byte)'\n'));
    }

    private static string Shorten(string text) => text.Length <= ShownMax ? text : text[..ShownMax] + "…";
}
