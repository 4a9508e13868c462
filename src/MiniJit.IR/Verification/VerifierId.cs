namespace MiniJit.IR.Verification;

/// <summary>Identifiers of the verifier's diagnostics, one for each family of rules. Stable: never reuse one.</summary>
internal static class VerifierId
{
    public const string GlobalValue = "V001";
    public const string AliasRegion = "V002";
    public const string EntryBlock = "V003";
    public const string Signature = "V004";
    public const string BlockShape = "V005";
    public const string BlockReference = "V006";
    public const string EntityReference = "V007";
    public const string ValueReference = "V008";
    public const string Dominance = "V009";
    public const string ControllingType = "V010";
    public const string OperandType = "V011";
    public const string ResultType = "V012";
    public const string ArgumentCount = "V013";
    public const string ArgumentType = "V014";
    public const string Return = "V015";
    public const string TailCall = "V016";
    public const string TryCall = "V017";
    public const string PatchableCall = "V018";
    public const string HandlerAddress = "V019";
    public const string PointerWidth = "V020";
    public const string ReadonlyStore = "V021";
    public const string Bitcast = "V022";
    public const string Lane = "V023";
    public const string Constant = "V024";
    public const string MachineState = "V025";
    public const string DebugTags = "V026";
}
