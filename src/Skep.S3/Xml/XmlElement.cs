namespace Skep.S3.Xml;

/// <summary>An element of a request's document. Names are without namespaces: clients are careless with them.</summary>
internal sealed class XmlElement(string name)
{
    private List<XmlElement>? _children;
    private List<KeyValuePair<string, string>>? _attributes;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Its text; empty where it has elements.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The elements in it.</summary>
    public IReadOnlyList<XmlElement> Children => _children ?? [];

    /// <summary>Its attributes, with their names as written (xsi:type).</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Attributes => _attributes ?? [];

    /// <summary>The first element of a name, or null.</summary>
    public XmlElement? this[string child] => _children?.Find(c => c.Name == child);

    /// <summary>The text of the first element of a name, or null.</summary>
    public string? Value(string child) => this[child]?.Text;

    /// <summary>The elements of a name.</summary>
    public IEnumerable<XmlElement> All(string child) => _children?.Where(c => c.Name == child) ?? [];

    internal void SetText(string text) => Text = text;

    internal void Add(XmlElement child)
    {
        (_children ??= []).Add(child);
        Text = ""; // what stood between elements is layout
    }

    internal void AddText(string text)
    {
        if (_children is null)
            Text += text;
    }

    internal void AddAttribute(string attribute, string value) => (_attributes ??= []).Add(new(attribute, value));
}
