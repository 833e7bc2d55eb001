namespace Skep.Aws.Filters;

/// <summary>
/// EC2's wildcards: <c>*</c> is any text, <c>?</c> any one character, and a backslash takes the next character as it
/// is. Linear in time: on a mismatch only the last star is tried again.
/// </summary>
internal static class Glob
{
    public static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0, t = 0, starPattern = -1, starText = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                starPattern = ++p;
                starText = t;
            }
            else if (p < pattern.Length && Matches(pattern, p, text[t], out var width))
            {
                p += width;
                t++;
            }
            else if (starPattern >= 0)
            {
                p = starPattern;
                t = ++starText;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length;
    }

    private static bool Matches(ReadOnlySpan<char> pattern, int at, char c, out int width)
    {
        width = 1;
        switch (pattern[at])
        {
            case '?':
                return true;
            case '\\' when at + 1 < pattern.Length:
                width = 2;
                return pattern[at + 1] == c;
            default:
                return pattern[at] == c;
        }
    }
}
