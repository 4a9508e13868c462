namespace MiniJit.IR;

/// <summary>Ids of the reader's diagnostics. Stable: never reuse one.</summary>
internal static class ParseError
{
    public const string InvalidToken = "P001";
    public const string Unexpected = "P002";
    public const string Number = "P003";
    public const string Duplicate = "P004";
    public const string Undeclared = "P005";
    public const string UndefinedValue = "P006";
    public const string UnknownOpcode = "P007";
    public const string TypeSuffix = "P008";
    public const string ResultCount = "P009";
    public const string UnknownWord = "P010";
    public const string MemFlags = "P011";
    public const string Alias = "P012";
    public const string Limit = "P013";
    public const string Constant = "P014";
    public const string StackMap = "P015";
    public const string TooMany = "P099";
}
