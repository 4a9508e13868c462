using MiniJit.IR;

namespace MiniJit.Runtime.Linking;

/// <summary>What kept a module from being published.</summary>
public enum LinkErrorKind : byte
{
    /// <summary>R001: a name is used and nothing defines it.</summary>
    UndefinedSymbol = 1,

    /// <summary>R002: a name is defined twice.</summary>
    DuplicateSymbol,

    /// <summary>R003: a place cannot hold the distance to its target.</summary>
    OutOfReach,

    /// <summary>R004: a kind of relocation that this machine or system does not support.</summary>
    UnsupportedRelocation,

    /// <summary>R005: a relocation lies outside of its function or data object.</summary>
    MalformedRelocation,

    /// <summary>R006: the system refused memory or a step of publication.</summary>
    System,
}

/// <summary>One reason why a module could not be published. A value: the module stays as it was, and can be published when the reason is gone.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Symbol">The name that is missing, defined twice or too far away.</param>
/// <param name="ReferencedBy">The function or data object that mentions it.</param>
/// <param name="Message">The whole story in one sentence.</param>
public readonly record struct LinkError(LinkErrorKind Kind, ExternalName Symbol, ExternalName ReferencedBy, string Message)
{
    /// <summary>The stable identifier of the kind, <c>R001</c>.</summary>
    public string Id => $"R00{(int)Kind}";

    /// <summary>Identifier and message.</summary>
    public override string ToString() => $"{Id}: {Message}";
}
