using System.Buffers;
using System.Text;

namespace Skep.Aws.Protocol;

/// <summary>
/// Reads <c>application/x-www-form-urlencoded</c> (WHATWG URL standard, section 5.1) into a tree of dotted names. Every
/// dimension is bounded, and what is not UTF-8 is refused instead of guessed at.
/// </summary>
internal static class FormReader
{
    /// <summary>Parameters a request may have.</summary>
    public const int ParametersMax = 5_000;

    /// <summary>Dots a name may have; the deepest request of the models has 9.</summary>
    public const int DepthMax = 16;

    /// <summary>Characters a name may have.</summary>
    public const int NameLengthMax = 512;

    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Adds the parameters of a form or query string to a tree.</summary>
    /// <exception cref="AwsException">MalformedQueryString.</exception>
    public static void Read(ReadOnlySpan<byte> form, FormNode root)
    {
        var count = 0;
        foreach (var range in form.Split((byte)'&'))
        {
            var pair = form[range];
            if (pair.IsEmpty)
                continue;
            if (++count > ParametersMax)
                throw Malformed($"The request has more than {ParametersMax} parameters.");
            var equals = pair.IndexOf((byte)'=');
            var name = Decode(equals < 0 ? pair : pair[..equals]);
            var value = equals < 0 ? "" : Decode(pair[(equals + 1)..]);
            Add(root, name, value);
        }
    }

    private static void Add(FormNode root, string name, string value)
    {
        if (name.Length is 0 or > NameLengthMax)
            throw Malformed($"A parameter's name must have 1 to {NameLengthMax} characters.");
        var node = root;
        var depth = 0;
        foreach (var range in name.AsSpan().Split('.'))
        {
            if (++depth > DepthMax)
                throw Malformed($"The parameter {name} is nested deeper than {DepthMax} levels.");
            var part = name[range];
            if (part.Length == 0)
                throw Malformed($"The parameter {name} has an empty part.");
            node = node.Child(part);
        }

        if (node.Value is not null)
            throw Malformed($"The parameter {name} is given twice.");
        node.Value = value;
    }

    private static string Decode(ReadOnlySpan<byte> encoded)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(encoded.Length);
        try
        {
            var length = 0;
            for (var i = 0; i < encoded.Length; i++)
            {
                var b = encoded[i];
                if (b == '+')
                {
                    b = (byte)' ';
                }
                else if (b == '%')
                {
                    if (i + 2 >= encoded.Length || Hex(encoded[i + 1]) is not { } high || Hex(encoded[i + 2]) is not { } low)
                        throw Malformed("The request has a percent sign that two hexadecimal digits do not follow.");
                    b = (byte)((high << 4) | low);
                    i += 2;
                }

                buffer[length++] = b;
            }

            return _strict.GetString(buffer.AsSpan(0, length));
        }
        catch (DecoderFallbackException)
        {
            throw Malformed("The request is not valid UTF-8.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int? Hex(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => null,
    };

    private static AwsException Malformed(string message) => new("MalformedQueryString", 400, message);
}
