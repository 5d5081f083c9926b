// The user pool of the measurement.

export const POOL = "us-east-1_Measured1";
export const CLIENT = "measured-client";
export const ISSUER = `https://cognito-idp.us-east-1.amazonaws.com/${POOL}`;
