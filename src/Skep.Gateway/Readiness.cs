namespace Skep.Gateway;

/// <summary>Whether this daemon takes requests: set when everything has started, taken back when it begins to stop.</summary>
public sealed class Readiness
{
    private volatile bool _isReady;

    /// <summary>Whether it does.</summary>
    public bool IsReady => _isReady;

    /// <summary>Everything has started.</summary>
    public void Set() => _isReady = true;

    /// <summary>It begins to stop.</summary>
    public void Unset() => _isReady = false;
}
